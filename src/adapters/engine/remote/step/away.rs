//! A step's turn: what came back of it with the one before is taken, else it is sent, and others with it. Knows no protocol.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::runtime::Handle;

use super::asked::{Asked, SERVICES};
use super::building::{Building, Came, Over, Site};
use super::dockerfile::Written;
use super::group::Group;
use super::heard::Unheard;
use super::returned::Returned;
use super::sealing::seal_layers;
use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::embedded::{Brought, Elsewhere, StepError, Work};
use crate::adapters::engine::remote::{BaseBy, Builder, BuilderError, GroundImage, LayerFile, Order, merged};
use crate::domain::engine::Capabilities;
use crate::domain::oci::{ChainId, DiffId, Platform};

/// A builder, for the bakes of one engine.
pub(in crate::adapters::engine::remote) struct Away {
    pub(in crate::adapters::engine::remote) kind: &'static str,
    pub(in crate::adapters::engine::remote) builder: Arc<dyn Builder>,
    pub(in crate::adapters::engine::remote) capabilities: Capabilities,
    pub(in crate::adapters::engine::remote) handle: Handle,
}

/// What is kept from one step of a platform to the next.
#[derive(Default)]
struct Kept {
    /// The steps that are carried out together.
    building: Option<Building>,
    /// What the last steps stood on, at the builder.
    standing: Option<Standing>,
    /// The builder does not tell whose layer is whose: it is sent one step at a time.
    alone: bool,
}

/// An image at the builder that is not needed there when this is dropped.
struct Standing {
    builder: Arc<dyn Builder>,
    handle: Handle,
    name: String,
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.handle.block_on(self.builder.forget(&self.name));
    }
}

impl Elsewhere for Away {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn runs(&self, platform: &Platform) -> bool {
        self.capabilities.runs(platform)
    }

    fn carry_out(&self, mut work: Work<'_>) -> Result<Brought, StepError> {
        let kept = work.away.kept.take().and_then(|kept| kept.downcast::<Kept>().ok());
        let mut kept = kept.unwrap_or_default();
        let brought = self.turn(&mut work, &mut kept);
        work.away.kept = Some(kept);
        brought
    }
}

fn chain<'d>(layers: impl Iterator<Item = &'d DiffId>) -> Option<ChainId> {
    ChainId::of(&layers.cloned().collect::<Vec<_>>())
}

impl Away {
    fn turn(&self, work: &mut Work<'_>, kept: &mut Kept) -> Result<Brought, StepError> {
        let here = chain(work.layers().iter().map(|layer| &layer.diff_id));
        if !kept.building.as_ref().is_some_and(|building| building.is_at(work, &here)) {
            if let Some(building) = kept.building.as_mut().filter(|_| !work.away.waiting.is_empty()) {
                self.prove(work, building)?;
            }
            self.send(work, kept)?;
        }
        let (building, came) = loop {
            let Some(building) = &mut kept.building else { return Err(StepError::NoInputs) };
            let came = self.next(work, building)?;
            kept.alone |= building.unclear;
            if let Some(came) = came {
                break (building, came);
            }
            // As the first of others it is told what becomes of it.
            self.send(work, kept)?;
        };
        let watch = Stopwatch::start();
        let mut brought = seal_layers(work, &building.group.members[came.member].asked, &came.layers?)?;
        (brought.millis, brought.proven) = (came.millis + watch.millis(), building.has_proven(came.member + 1));
        let sealed = brought.sealed.as_ref().map(|sealed| &sealed.blob.diff_id);
        building.advance(chain(work.layers().iter().map(|layer| &layer.diff_id).chain(sealed)));
        if building.is_done() {
            kept.building = None;
            if !work.after.iter().any(|(_, action)| action.runs()) {
                kept.standing = None;
            }
        }
        Ok(brought)
    }

    /// Has the step carried out, and what may go with it.
    fn send(&self, work: &mut Work<'_>, kept: &mut Kept) -> Result<(), StepError> {
        // What is under way for nobody ends first.
        kept.building = None;
        work.away.waiting.anew();
        // Where its beginning was promised it is told here.
        work.away.turns.begin(work.around.step, work.around.events);
        let asked = Asked::of(work.action, work, false)?;
        let folder = tempfile::Builder::new()
            .prefix("elsewhere-")
            .tempdir_in(work.cache)
            .map_err(|source| StepError::Spool { action: "make a folder", source })?;
        let site = self.site(work, folder, kept)?;
        let group = Group::of(work, asked, &*self.builder, (site.on(), kept.alone))?;
        if group.has_services() {
            services(&site.context().join(SERVICES.1))?;
        }
        let order = site.order(work, &group, &group.text)?;
        kept.building = Some(Building::begin(self, work, (group, site), order));
        Ok(())
    }

    /// A folder to build in, and what to build on.
    fn site(&self, work: &Work<'_>, folder: TempDir, kept: &mut Kept) -> Result<Site, StepError> {
        let mut site = Site::in_folder(folder)?;
        let together = work.after.first().is_some_and(|(_, action)| action.runs());
        if together && self.builder.tells_builds() {
            site.mark = Some(ulid::Ulid::generate().to_string());
        }
        let inherited = work.base.map_or(0, |base| base.manifest.layers.len());
        let around = &work.around;
        let ground = GroundImage::of(around.target, work.layers(), (work.platform, around.env), inherited);
        if self.builder.base_by() != BaseBy::Image || ground.layers.is_empty() {
            let archive = site.context().join("rootfs.tar");
            merged::write(around.target, work.layers(), (work.cache, &archive), around.cancel)?;
            return Ok(site);
        }
        let name = self.handle.block_on(self.builder.take(&ground, around.cancel))?;
        if kept.standing.as_ref().is_none_or(|standing| standing.name != name) {
            let (builder, handle) = (Arc::clone(&self.builder), self.handle.clone());
            kept.standing = Some(Standing { builder, handle, name: name.clone() });
        }
        site.ground = Some((name, ground));
        Ok(site)
    }

    /// What came of the step whose turn it is, as soon as it is here; `None` where nothing comes of it.
    fn next(&self, work: &mut Work<'_>, building: &mut Building) -> Result<Option<Came>, StepError> {
        loop {
            if let Some(came) = building.take() {
                return Ok(Some(came));
            }
            if building.is_done() {
                return Ok(None);
            }
            if let Some(over) = building.wait() {
                self.end(work, building, over)?;
            }
        }
    }

    /// A build is over: takes what is not here yet, and sees whether what was is of it. Where a step failed, nothing came back
    /// of those before it: the builder is asked for them again, and has them.
    fn end(&self, work: &mut Work<'_>, building: &mut Building, over: Over) -> Result<(), StepError> {
        let Over { done, mut failure, fatal, at, times } = over;
        if let Some(failure) = failure.take_if(|_| fatal || done == 0 || done < building.taken()) {
            work.away.at = Some(building.group.members[at].step.clone());
            return Err(failure);
        }
        let whole = done == building.group.members.len();
        if !whole && building.has_proven(done) {
            building.arrive(Vec::new(), &times, failure);
            return Ok(());
        }
        let mut layers = match whole {
            true => self.returned(&building.site.result(), building, &building.group.text),
            false => self.beginning(work, building, done),
        };
        if matches!(layers, Ok(None)) && building.taken() == 0 {
            // Whose layer is whose is not told: the first alone, then.
            (building.unclear, failure) = (true, None);
            layers = self.beginning(work, building, 1);
        }
        match layers {
            Ok(Some(layers)) if building.is_of(&layers) => {
                work.away.waiting.prove();
                building.proven();
                building.arrive(layers, &times, failure);
                Ok(())
            }
            // Why the step failed counts for more, where it is all that is missing.
            Err(_) | Ok(_) if failure.is_some() && building.has(done) => {
                building.arrive(Vec::new(), &times, failure);
                Ok(())
            }
            Ok(Some(_)) => Err(self.protocol("with other layers than it had while it built")),
            Ok(None) => Err(self.protocol("with layers of which nobody can tell whose they are")),
            Err(error) => Err(error),
        }
    }

    /// Sees whether what was taken of a build that is not needed any more is what it was said to be.
    fn prove(&self, work: &mut Work<'_>, building: &mut Building) -> Result<(), StepError> {
        building.stop();
        match self.beginning(work, building, building.taken())? {
            Some(layers) if building.is_taken_of(&layers) => {
                work.away.waiting.prove();
                Ok(())
            }
            _ => Err(self.protocol("with other layers than it had while it built")),
        }
    }

    fn protocol(&self, what: &str) -> StepError {
        BuilderError::Protocol { builder: self.builder.name(), what: what.to_owned() }.into()
    }

    /// The layers of the group's first `done` steps.
    fn beginning(&self, work: &Work<'_>, building: &Building, done: usize) -> Layers {
        let site = &building.site;
        let text = building.group.beginning(done, site.on(), &*self.builder)?;
        let result = site.empty(&format!("beginning-{done}"))?;
        let order = Order { result, no_cache: false, ..site.order(work, &building.group, &text)? };
        self.handle.block_on(self.builder.build(&order, &Unheard, work.around.cancel))?;
        self.returned(&order.result, building, &text)
    }

    fn returned(&self, folder: &Path, building: &Building, text: &Written) -> Layers {
        let ground = building.site.ground.as_ref().map(|(_, ground)| ground);
        let below = ground.map_or(1, |ground| ground.layers.len());
        Returned { builder: self.builder.name(), folder: folder.to_owned() }.own(text, below, ground)
    }
}

/// The layers of several steps; `None` where the builder does not tell which are whose.
type Layers = Result<Option<Vec<Vec<LayerFile>>>, StepError>;

fn services(path: &Path) -> Result<(), StepError> {
    use std::os::unix::fs::PermissionsExt as _;
    let io = |source| StepError::from(BuilderError::Io { action: "write", path: path.into(), source });
    fs::write(path, SERVICES.2).map_err(io)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(io)
}

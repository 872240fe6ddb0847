//! A step's turn: what came back of it with the one before is taken, else it is sent, and others with it. Knows no protocol.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tempfile::TempDir;
use tokio::runtime::Handle;

use super::asked::{Asked, SERVICES};
use super::dockerfile::Written;
use super::group::Group;
use super::heard::{Following, Unheard};
use super::returned::{Own, Returned};
use super::sealing::seal_layers;
use crate::adapters::clock::Stopwatch;
use crate::adapters::engine::embedded::{Brought, Elsewhere, LAST_LINES, RunError, StepError, Work};
use crate::adapters::engine::remote::{BaseBy, Builder, BuilderError, GroundImage, Order, merged};
use crate::domain::engine::Capabilities;
use crate::domain::oci::{ChainId, DiffId, Platform};
use crate::domain::plan::StepId;

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
    /// What came back and is not sealed yet, in the order of the steps.
    coming: VecDeque<Came>,
    /// Where it lies.
    folder: Option<TempDir>,
    /// What the last steps stood on, at the builder.
    standing: Option<Standing>,
    /// The builder does not tell whose layer is whose: it is sent one step at a time.
    alone: bool,
}

/// A step that was carried out.
struct Came {
    step: StepId,
    asked: Asked,
    layers: Result<Vec<Own>, StepError>,
    millis: u64,
    /// What lies below where it is right; `None` until the step before it is sealed.
    below: Option<Option<ChainId>>,
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

/// What a group was built on and into.
struct Site {
    context: PathBuf,
    result: PathBuf,
    /// The image it stands on, at the builder and here; `None`: an archive in the context.
    ground: Option<(String, GroundImage)>,
}

impl Site {
    fn from(&self) -> Option<&str> {
        self.ground.as_ref().map(|(name, _)| name.as_str())
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

impl Kept {
    /// What came back of the step whose turn it is, if it still is what would be made now.
    fn take(&mut self, work: &Work<'_>) -> Option<Came> {
        let came = self.coming.pop_front()?;
        let here = chain(work.layers().iter().map(|layer| &layer.diff_id));
        let fits = came.step == *work.around.step && came.below == Some(here) && came.asked.holds(work.action, work);
        fits.then_some(came)
    }
}

fn chain<'d>(layers: impl Iterator<Item = &'d DiffId>) -> Option<ChainId> {
    ChainId::of(&layers.cloned().collect::<Vec<_>>())
}

impl Away {
    fn turn(&self, work: &mut Work<'_>, kept: &mut Kept) -> Result<Brought, StepError> {
        let came = match kept.take(work) {
            Some(came) => came,
            None => {
                kept.coming.clear();
                self.send(work, kept)?;
                kept.coming.pop_front().ok_or(StepError::NoInputs)?
            }
        };
        let watch = Stopwatch::start();
        let mut brought = seal_layers(work, &came.asked, &came.layers?)?;
        brought.millis = came.millis + watch.millis();
        if let Some(next) = kept.coming.front_mut() {
            let sealed = brought.sealed.as_ref().map(|sealed| &sealed.blob.diff_id);
            next.below = Some(chain(work.layers().iter().map(|layer| &layer.diff_id).chain(sealed)));
        }
        Ok(brought)
    }

    /// Has the step carried out, and what may go with it.
    fn send(&self, work: &mut Work<'_>, kept: &mut Kept) -> Result<(), StepError> {
        let asked = Asked::of(work.action, work, false)?;
        let folder = tempfile::Builder::new()
            .prefix("elsewhere-")
            .tempdir_in(work.cache)
            .map_err(|source| StepError::Spool { action: "make a folder", source })?;
        let site = self.site(work, folder.path(), kept)?;
        let group = Group::of(work, asked, &*self.builder, (site.from(), kept.alone))?;
        if group.has_services() {
            services(&site.context.join(SERVICES.1))?;
        }
        let (mut done, mut failure, times) = self.build(work, &group, &site)?;
        work.away.at = None;
        let layers = match self.layers(work, &group, (&site, done))? {
            Some(layers) => layers,
            None => {
                // Whose layer is whose is not told: the first alone, then.
                (done, failure, kept.alone) = (1, None, true);
                self.layers(work, &group, (&site, done))?.ok_or(StepError::NoInputs)?
            }
        };
        let runs_later = work.after.iter().skip(group.members.len() - 1).any(|(_, action)| action.runs());
        kept.coming = Self::came(group, layers, (done, failure), times).collect();
        kept.folder = Some(folder);
        if !runs_later {
            kept.standing = None;
        }
        Ok(())
    }

    fn came(
        group: Group,
        layers: Vec<Vec<Own>>,
        (done, failure): (usize, Option<StepError>),
        times: Vec<u64>,
    ) -> impl Iterator<Item = Came> {
        // What is after the failure was not done.
        let failure = failure.filter(|_| layers.len() == done).map(Err);
        let all = layers.into_iter().map(Ok).chain(failure);
        let each = group.members.into_iter().zip(times).zip(all);
        each.map(|((member, millis), layers)| Came {
            step: member.step,
            asked: member.asked,
            layers,
            millis,
            below: None,
        })
    }

    /// A folder to build in, and what to build on.
    fn site(&self, work: &Work<'_>, folder: &Path, kept: &mut Kept) -> Result<Site, StepError> {
        let (context, result) = (folder.join("context"), folder.join("result"));
        for folder in [&context, &result] {
            fs::create_dir(folder).map_err(io_of("make", folder))?;
        }
        let inherited = work.base.map_or(0, |base| base.manifest.layers.len());
        let around = &work.around;
        let ground = GroundImage::of(around.target, work.layers(), (work.platform, around.env), inherited);
        if self.builder.base_by() != BaseBy::Image || ground.layers.is_empty() {
            merged::write(around.target, work.layers(), (work.cache, &context.join("rootfs.tar")), around.cancel)?;
            return Ok(Site { context, result, ground: None });
        }
        let name = self.handle.block_on(self.builder.take(&ground, around.cancel))?;
        if kept.standing.as_ref().is_none_or(|standing| standing.name != name) {
            let (builder, handle) = (Arc::clone(&self.builder), self.handle.clone());
            kept.standing = Some(Standing { builder, handle, name: name.clone() });
        }
        Ok(Site { context, result, ground: Some((name, ground)) })
    }

    fn order(&self, work: &Work<'_>, group: &Group, (site, text): (&Site, &Written)) -> Result<Order, StepError> {
        let file = site.context.join("Dockerfile");
        fs::write(&file, &text.text).map_err(io_of("write", &file))?;
        Ok(Order {
            context: site.context.clone(),
            platform: work.platform.clone(),
            secrets: group.secrets(),
            no_cache: work.no_cache,
            host_network: group.has_network(),
            result: site.result.clone(),
        })
    }

    /// Builds the group; gives how many of its steps are done, why the next one failed where it did, and how long each took.
    fn build(
        &self,
        work: &mut Work<'_>,
        group: &Group,
        site: &Site,
    ) -> Result<(usize, Option<StepError>, Vec<u64>), StepError> {
        let order = self.order(work, group, (site, &group.text))?;
        let around = &work.around;
        let stop = around.cancel.child_token();
        let (heard, mut following) = Following::begin(around, group);
        let (order, builder) = (&order, &self.builder);
        let ended = thread::scope(|scope| {
            let building = scope.spawn(|| {
                let heard = heard;
                self.handle.block_on(builder.build(order, &heard, &stop))
            });
            following.follow(&stop);
            building.join()
        });
        let ended = ended.unwrap_or_else(|broken| std::panic::resume_unwind(broken));
        let cancelled = matches!(ended, Err(BuilderError::Cancelled));
        let (failed, error) = match (&ended, following.late) {
            (Ok(()), _) => (group.members.len(), None),
            (Err(_), Some(late)) => (late, None),
            (Err(BuilderError::Instruction { line, .. }), None) => {
                (group.at(*line).map_or(following.current(), |(member, _)| member), ended.err())
            }
            (Err(_), None) => (following.current(), ended.err()),
        };
        let at = failed.min(group.members.len() - 1);
        let mut told = following.reach(at) && following.end();
        if told && cancelled && !builder.ends_cancelled() {
            told = following.say(at, &format!("{} may let this step go on to its end all the same", builder.name()));
        }
        let times: Vec<_> = (0..group.members.len()).map(|member| following.time(member)).collect();
        for (member, (_, begun)) in group.members.iter().zip(&times).skip(1) {
            work.away.begun.extend(begun.map(|begun| (member.step.clone(), begun)));
        }
        work.away.at = Some(group.members[at].step.clone());
        if !told {
            return Err(StepError::Cancelled);
        }
        let times = times.into_iter().map(|(took, _)| took).collect();
        let last = || following.last_lines(failed, LAST_LINES);
        let what = |line: usize| {
            let member = &group.members[failed];
            member.asked.what(group.at(line).map_or(0, |(_, command)| command))
        };
        let failure: StepError = match (error, following.late, work.around.timeout) {
            (None, Some(_), Some(limit)) if failed < group.members.len() => {
                RunError::Timeout { what: what(0), limit, last: last() }.into()
            }
            (None, ..) => return Ok((group.members.len(), None, times)),
            (Some(BuilderError::Instruction { line, exit_code: Some(code), .. }), ..) => {
                RunError::Status { what: what(line), code, last: last() }.into()
            }
            // The builder does not say what failed: alone it may, or this machine before it.
            (Some(BuilderError::Instruction { .. }), ..) if failed > 0 => return Ok((failed, None, times)),
            (Some(error), ..) => return Err(error.into()),
        };
        if failed == 0 { Err(failure) } else { Ok((failed, Some(failure), times)) }
    }

    /// The layers of the group's first `done` steps. Where those are not all of it, nothing came back yet: the builder is
    /// asked for them again, and has them.
    fn layers(
        &self,
        work: &Work<'_>,
        group: &Group,
        (site, done): (&Site, usize),
    ) -> Result<Option<Vec<Vec<Own>>>, StepError> {
        let below = site.ground.as_ref().map_or(1, |(_, ground)| ground.layers.len());
        let returned = |folder: &Path| Returned { builder: self.builder.name(), folder: folder.to_owned() };
        let ground = site.ground.as_ref().map(|(_, ground)| ground);
        if done == group.members.len() {
            return returned(&site.result).own(&group.text, below, ground);
        }
        let text = group.beginning(done, site.from(), &*self.builder)?;
        let result = site.result.with_file_name("beginning");
        let _ = fs::remove_dir_all(&result);
        fs::create_dir(&result).map_err(io_of("make", &result))?;
        let order = Order { result, no_cache: false, ..self.order(work, group, (site, &text))? };
        self.handle.block_on(self.builder.build(&order, &Unheard, work.around.cancel))?;
        returned(&order.result).own(&text, below, ground)
    }
}

fn io_of(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StepError {
    let path = path.to_owned();
    move |source| BuilderError::Io { action, path, source }.into()
}

fn services(path: &Path) -> Result<(), StepError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, SERVICES.2).map_err(io_of("write", path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(io_of("write", path))
}

//! One step carried out by a builder: an order is written, the builder is watched, the layer that comes back becomes what
//! this machine would have made of it. Knows no protocol.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::changes::{Sift, take};
use super::dockerfile::{self, Parts};
use super::{BaseBy, Builder, BuilderError, GroundImage, Order, Told, merged};
use crate::adapters::engine::embedded::{
    Brought, Contents, Elsewhere, LAST_LINES, Progress, RunError, Sealing, Source, Spool, StepError, Telling, Work,
    environment, index_of, owner_ids, seal,
};
use crate::adapters::index::{Digested, IndexError, decode};
use crate::adapters::sandbox::{Counts, Listener, Stream};
use crate::adapters::secrets::{Secret, resolve};
use crate::domain::engine::Capabilities;
use crate::domain::layer::packages::Database;
use crate::domain::layer::{Kind, Stage};
use crate::domain::mask::Finder;
use crate::domain::oci::{Compression, Descriptor, Digest, ImageIndex, ImageManifest, Platform};
use crate::domain::recipe::{Action, Installed, Installer, Network, Owner};

/// How often gathered output is handed on.
const TICK: Duration = Duration::from_millis(50);
/// Most output that waits for the journal; what comes beyond is not kept.
const MOST_WAITING: usize = 64 << 20;
/// Largest document of a result.
const MAX_DOCUMENT: u64 = 4 << 20;
/// What keeps an installer from starting services, in the image and in the context.
const SERVICES: (&str, &str, &str) = ("usr/sbin/policy-rc.d", "services", "#!/bin/sh\nexit 101\n");

/// A builder, for the bakes of one engine.
pub(super) struct Away {
    pub(super) kind: &'static str,
    pub(super) builder: Arc<dyn Builder>,
    pub(super) capabilities: Capabilities,
    pub(super) handle: Handle,
}

/// What a step asks, in a builder's terms.
struct Asked {
    commands: Vec<Vec<String>>,
    env: Vec<(String, String)>,
    user: Option<String>,
    ids: (u32, u32),
    network: Network,
    caches: Vec<(String, String)>,
    secrets: Vec<Secret>,
    installer: Option<Installer>,
}

impl Elsewhere for Away {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn runs(&self, platform: &Platform) -> bool {
        self.capabilities.runs(platform)
    }

    fn carry_out(&self, work: Work<'_>) -> Result<Brought, StepError> {
        let asked = Asked::of(&work)?;
        let cancel = work.around.cancel;
        let folder = tempfile::Builder::new()
            .prefix("elsewhere-")
            .tempdir_in(work.cache)
            .map_err(|source| StepError::Spool { action: "make a folder", source })?;
        let (context, result) = (folder.path().join("context"), folder.path().join("result"));
        for folder in [&context, &result] {
            fs::create_dir(folder).map_err(io_of("make", folder))?;
        }
        let ground = GroundImage::of(
            work.around.target,
            work.layers(),
            (work.platform, work.around.env),
            work.base.map_or(0, |base| base.manifest.layers.len()),
        );
        let as_image = self.builder.base_by() == BaseBy::Image && !ground.layers.is_empty();
        let from = match as_image {
            true => Some(self.handle.block_on(self.builder.take(&ground, cancel))?),
            false => {
                merged::write(work.around.target, work.layers(), (work.cache, &context.join("rootfs.tar")), cancel)?;
                None
            }
        };
        let below = if as_image { ground.layers.len() } else { 1 };
        self.build(&work, &asked, (from.as_deref(), &context, &result))?;
        let layers = Returned { builder: self.builder.name(), folder: result };
        let layers = layers.own(below, as_image.then_some(&ground))?;
        self.seal(work, &asked, &layers)
    }
}

impl Asked {
    fn of(work: &Work<'_>) -> Result<Self, StepError> {
        let around = &work.around;
        let mut env = environment(around.env);
        env.push(("SOURCE_DATE_EPOCH".to_owned(), around.created.to_string()));
        let mut asked = Self {
            commands: Vec::new(),
            env,
            user: None,
            ids: (0, 0),
            network: Network::Host,
            caches: Vec::new(),
            secrets: Vec::new(),
            installer: None,
        };
        match work.action {
            Action::Run(run) => {
                let script = ["-c".to_owned(), run.script.clone()];
                asked.commands.push(run.shell.iter().cloned().chain(script).collect());
                asked.env.extend(run.env.iter().map(|(name, value)| (name.clone(), value.clone())));
                asked.secrets = resolve(&run.secrets, around.secrets)?;
                asked.network = run.network;
                asked.user.clone_from(&run.user);
                if let Some(user) = &run.user
                    && let Ok(owner) = user.parse::<Owner>()
                {
                    asked.ids = owner_ids(Some(&owner), work.tree, work.remembered)?;
                }
                asked.caches = run.cache.iter().map(|place| cache(around.owner, place.parts())).collect();
            }
            Action::Packages(packages) => {
                let has = |path: &str| {
                    let found = work.tree.resolve(path.as_bytes(), true).ok().and_then(|path| work.tree.node(&path));
                    found.is_some_and(|node| matches!(node.kind, Kind::File { .. }))
                };
                let installer = Installer::detect(&has).ok_or(RunError::NoInstaller)?;
                for name in &packages.names {
                    installer.validate(name).map_err(RunError::from)?;
                }
                let more = installer.environment(around.created).into_iter();
                asked.env.extend(more.map(|(name, value)| (name.to_owned(), value)));
                asked.commands = installer.commands(&packages.names);
                asked.installer = Some(installer);
            }
            _ => return Err(StepError::NoInputs),
        }
        // The last of several wins, and only that is said.
        let all: BTreeMap<String, String> = asked.env.into_iter().collect();
        asked.env = all.into_iter().collect();
        Ok(asked)
    }

    /// What the builder leaves in the layer by itself.
    fn sift(&self, created: i64) -> Sift {
        let mut mounts: Vec<Vec<u8>> = Vec::new();
        if !self.secrets.is_empty() {
            mounts.push(b"run/secrets".to_vec());
        }
        if self.installer == Some(Installer::Apt) {
            mounts.push(SERVICES.0.into());
        }
        let shared = self.caches.iter().map(|(_, place)| place.trim_start_matches('/').into()).collect();
        Sift { mounts, shared, installer: self.installer, created: Some(created), whole: false }
    }

    fn what(&self, at: usize) -> String {
        match (self.installer, self.commands.get(at)) {
            (Some(_), Some(command)) => command.join(" "),
            _ => "the script".to_owned(),
        }
    }
}

/// A cache's name at the builder, the recipe's own, and its place.
fn cache<'p>(owner: &str, parts: impl Iterator<Item = &'p str>) -> (String, String) {
    let place: String = parts.map(|part| format!("/{part}")).collect();
    let name = Digest::of(format!("{owner}\n{place}").as_bytes());
    (format!("bakery-{}", &name.encoded()[..24]), place)
}

fn io_of(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StepError {
    let path = path.to_owned();
    move |source| BuilderError::Io { action, path, source }.into()
}

/// What a builder tells, on its way to the step's log: whoever builds does not wait for the journal.
struct Heard<'a> {
    pieces: mpsc::Sender<Piece>,
    /// Bytes on their way.
    waiting: Arc<AtomicUsize>,
    lines: &'a [usize],
}

enum Piece {
    Output(Vec<u8>),
    Cached,
}

impl Told for Heard<'_> {
    fn began(&self, _line: usize) {}

    fn ended(&self, line: usize, cached: bool) {
        if cached && self.lines.last() == Some(&line) {
            // Nobody listens any more where it cannot be said.
            let _ = self.pieces.send(Piece::Cached);
        }
    }

    fn output(&self, line: usize, bytes: &[u8]) {
        if self.lines.contains(&line) && self.waiting.load(Ordering::Relaxed) < MOST_WAITING {
            self.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
            let _ = self.pieces.send(Piece::Output(bytes.to_vec()));
        }
    }
}

/// Tells what comes until nobody tells more. A journal that takes no more stops the builder.
fn follow(pieces: &mpsc::Receiver<Piece>, waiting: &AtomicUsize, telling: &mut Telling, stop: &CancellationToken) {
    loop {
        let told = match pieces.recv_timeout(TICK) {
            Ok(Piece::Output(bytes)) => {
                waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
                telling.output(Stream::Out, &bytes) && telling.tick()
            }
            Ok(Piece::Cached) => telling.say("the builder had this already: nothing was run"),
            Err(mpsc::RecvTimeoutError::Timeout) => telling.tick(),
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        };
        if !told {
            stop.cancel();
        }
    }
}

impl Away {
    fn build(
        &self,
        work: &Work<'_>,
        asked: &Asked,
        (from, context, result): (Option<&str>, &Path, &Path),
    ) -> Result<(), StepError> {
        let around = &work.around;
        let names: Vec<String> = asked.secrets.iter().map(|secret| secret.name().to_owned()).collect();
        let written = dockerfile::write(&Parts {
            from,
            env: &asked.env,
            user: asked.user.as_deref(),
            commands: &asked.commands,
            secrets: &names,
            ids: asked.ids,
            caches: &asked.caches,
            network: self.builder.says_network().then_some(asked.network),
            file: (asked.installer == Some(Installer::Apt)).then_some((SERVICES.1, SERVICES.0)),
        })
        .map_err(|error| RunError::Unsayable(error.0))?;
        let file = context.join("Dockerfile");
        fs::write(&file, &written.text).map_err(io_of("write", &file))?;
        if asked.installer == Some(Installer::Apt) {
            services(&context.join(SERVICES.1))?;
        }
        let stop = around.cancel.child_token();
        let order = Order {
            context: context.to_owned(),
            platform: work.platform.clone(),
            secrets: asked
                .secrets
                .iter()
                .map(|secret| (secret.name().to_owned(), secret.value().to_vec().into()))
                .collect(),
            no_cache: work.no_cache,
            host_network: asked.network == Network::Host,
            result: result.to_owned(),
        };
        let mut telling = Telling::new(around.events.clone(), around.step.clone(), &asked.secrets);
        let (sender, pieces) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let heard = Heard { pieces: sender, waiting: Arc::clone(&waiting), lines: &written.lines };
        let (limit, order, builder) = (around.timeout.unwrap_or(Duration::MAX), &order, &self.builder);
        let ended = thread::scope(|scope| {
            let building = scope.spawn(|| {
                let heard = heard;
                let ended = self
                    .handle
                    .block_on(async { tokio::time::timeout(limit, builder.build(order, &heard, &stop)).await });
                stop.cancel();
                ended.ok()
            });
            follow(&pieces, &waiting, &mut telling, &stop);
            building.join()
        });
        let ended = ended.unwrap_or_else(|broken| std::panic::resume_unwind(broken));
        if !telling.end() {
            return Err(StepError::Cancelled);
        }
        let last = telling.last_lines(LAST_LINES);
        match (ended, around.timeout) {
            (None, Some(limit)) => Err(RunError::Timeout { what: asked.what(0), limit, last }.into()),
            (None, None) => Err(StepError::Cancelled),
            (Some(Ok(())), _) => Ok(()),
            (Some(Err(BuilderError::Instruction { line, exit_code: Some(code), .. })), _) => {
                let at = written.lines.iter().position(|of| *of == line).unwrap_or(0);
                Err(RunError::Status { what: asked.what(at), code, last }.into())
            }
            (Some(Err(error)), _) => Err(error.into()),
        }
    }

    /// What came back as the layer this machine would have made.
    fn seal(&self, work: Work<'_>, asked: &Asked, layers: &[Own]) -> Result<Brought, StepError> {
        let Work { around, tree, cache, .. } = work;
        let mut spool = Spool::new(cache)?;
        let mut stage: Stage<'_, Source> = Stage::new(tree, around.created);
        let sift = asked.sift(around.created);
        for layer in layers {
            let finders = asked.secrets.iter().filter_map(|secret| Some((secret, Finder::new(secret.value())?)));
            let mut plain = Searched { from: layer.open()?, finders: finders.collect(), found: None };
            take(&mut stage, &mut plain, &mut spool, &sift, around.cancel)?;
            if let Some(secret) = plain.found {
                return Err(RunError::SecretKept(secret.name().to_owned()).into());
            }
        }
        let set = stage.finish();
        let counts = Counts { added: set.added, modified: set.modified, deleted: set.deleted };
        let mut progress = Progress::new(around.events.clone(), around.step.clone(), None);
        let sealed = match set.changes.is_empty() {
            true => None,
            false => {
                let contents = Contents { inputs: None, spool: Some(Arc::new(spool.into_file())) };
                let (target, packing) = (around.target, around.packing);
                let sealing = Sealing { target, packing, created: around.created, contents, cancel: around.cancel };
                Some(seal(&set, &sealing, &mut progress)?)
            }
        };
        let mut packages = Vec::new();
        if let (Some(installer), Action::Packages(wanted)) = (asked.installer, work.action) {
            let mut databases = sealed.as_ref().map(|sealed| sealed.index.databases.clone()).unwrap_or_default();
            for layer in around.layers.iter().rev() {
                if !databases.is_empty() {
                    break;
                }
                databases = index_of(around.target, cache, layer, around.cancel)?.databases;
            }
            packages = versions(installer, &wanted.names, &databases);
            let told: Vec<String> = packages.iter().map(|one| format!("{}={}", one.name, one.version)).collect();
            let mut telling = Telling::new(around.events.clone(), around.step.clone(), &[]);
            if !told.is_empty() && !telling.say(&format!("installed {}", told.join(" "))) {
                return Err(StepError::Cancelled);
            }
        }
        Ok(Brought { counts, sealed, packages })
    }
}

fn services(path: &Path) -> Result<(), StepError> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, SERVICES.2).map_err(io_of("write", path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).map_err(io_of("write", path))
}

/// What was asked for, as the databases of packages have it.
fn versions(installer: Installer, names: &[String], databases: &[Database]) -> Vec<Installed> {
    let query = installer.query(names);
    let asked = query.iter().skip_while(|word| *word != "--").skip(1);
    let asked: Vec<&str> = asked.map(|name| name.split(':').next().unwrap_or(name)).collect();
    let all = databases.iter().filter_map(|database| database.content.as_ref().ok()).flatten();
    let mut found: Vec<Installed> = all
        .filter(|package| asked.contains(&package.name.as_str()))
        .map(|package| Installed {
            name: package.name.clone(),
            version: package.version.clone(),
            architecture: package.arch.clone(),
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// A reader that sees which secrets pass.
struct Searched<'a, R> {
    from: R,
    finders: Vec<(&'a Secret, Finder)>,
    found: Option<&'a Secret>,
}

impl<R: Read> Read for Searched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        for (secret, finder) in &mut self.finders {
            if finder.feed(&buffer[..count]) {
                self.found = Some(secret);
            }
        }
        Ok(count)
    }
}

/// The layout a builder left.
struct Returned {
    builder: String,
    folder: PathBuf,
}

/// A layer of its own.
struct Own {
    path: PathBuf,
    descriptor: Descriptor,
}

impl Own {
    fn open(&self) -> Result<impl Read + use<>, StepError> {
        let name = || self.descriptor.digest.to_string();
        let file = File::open(&self.path).map_err(io_of("read", &self.path))?;
        let (file, _) = Digested::new(file, self.descriptor.digest.digester());
        let compression = Compression::of_media_type(&self.descriptor.media_type);
        Ok(decode(file, compression).map_err(|source| IndexError::Decode { blob: name(), source })?)
    }
}

impl Returned {
    fn wrong(&self, what: impl Into<String>) -> StepError {
        BuilderError::Protocol { builder: self.builder.clone(), what: what.into() }.into()
    }

    fn document(&self, name: &str) -> Result<Vec<u8>, StepError> {
        let path = self.folder.join(name);
        let mut bytes = Vec::new();
        let file = File::open(&path).map_err(|_| self.wrong(format!("without {name}")))?;
        file.take(MAX_DOCUMENT).read_to_end(&mut bytes).map_err(io_of("read", &path))?;
        Ok(bytes)
    }

    fn blob(digest: &Digest) -> String {
        format!("blobs/{}/{}", digest.algorithm().as_str(), digest.encoded())
    }

    /// The layers above the first `below`, which must be those of `ground` where that is given.
    fn own(&self, below: usize, ground: Option<&GroundImage>) -> Result<Vec<Own>, StepError> {
        let mut bytes = self.document("index.json")?;
        let mut manifest = None;
        // An index may hold one image for one platform, and an index that does.
        for _ in 0..3 {
            if let Ok(index) = serde_json::from_slice::<ImageIndex>(&bytes)
                && let Some(first) = index.manifests.first()
            {
                bytes = self.document(&Self::blob(&first.digest))?;
                continue;
            }
            manifest = serde_json::from_slice::<ImageManifest>(&bytes).ok();
            break;
        }
        let manifest = manifest.ok_or_else(|| self.wrong("with no image"))?;
        if manifest.layers.len() < below {
            return Err(self.wrong("with fewer layers than it was given"));
        }
        if let Some(ground) = ground {
            let same = |(layer, given): (&Descriptor, &super::GroundLayer)| layer.digest == given.diff_id.0;
            if !manifest.layers.iter().zip(&ground.layers).all(same) {
                return Err(self.wrong("with other layers below than it was given"));
            }
        }
        let own = manifest.layers[below..].iter().map(|descriptor| Own {
            path: self.folder.join(Self::blob(&descriptor.digest)),
            descriptor: descriptor.clone(),
        });
        Ok(own.collect())
    }
}

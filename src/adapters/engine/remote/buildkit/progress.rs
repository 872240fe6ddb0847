//! What a daemon tells of its vertexes, as lines of the Dockerfile. BuildKit numbers the instructions of a stage that make
//! something (`[2/5] RUN …`), so that is how they are found again; what it does besides is nobody's line. Where a `FROM` names
//! what comes from us, it counts that one and gives it no number: there, the first `RUN` of one is `[1/2]`.

use std::collections::{BTreeMap, HashMap};

use bollard_buildkit_proto::moby::buildkit::v1::StatusResponse;

use super::failure::{Failing, beginning};
use crate::adapters::engine::remote::Told;
use crate::domain::text::escape;

/// Last bytes of an instruction's output that are remembered.
const TAIL: usize = 4 << 10;
/// Most vertexes that are remembered.
const MAX_VERTEXES: usize = 100_000;

/// A Dockerfile's stages, each with the lines of what BuildKit numbers in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    stages: Vec<Stage>,
    /// Images it names.
    pub images: Vec<String>,
    /// The one of them that comes from us.
    pub ours: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Stage {
    name: String,
    lines: Vec<usize>,
    base: String,
}

impl Lines {
    pub(super) fn read(dockerfile: &str) -> Self {
        let mut found = Self::default();
        let mut lines = dockerfile.lines().zip(1..);
        while let Some((line, number)) = lines.next() {
            if is_remark(line) {
                continue;
            }
            let mut text = line.to_owned();
            while text.trim_end().ends_with('\\') {
                text.truncate(text.trim_end().len() - 1);
                let Some((next, _)) = lines.by_ref().find(|(next, _)| !is_remark(next)) else { break };
                text.push_str(next);
            }
            let word = text.split_whitespace().next().unwrap_or_default().to_uppercase();
            if matches!(word.as_str(), "RUN" | "COPY" | "ADD") {
                for (end, dashed) in heredocs(&text) {
                    let _ = lines.by_ref().find(|(next, _)| {
                        let next = if dashed { next.trim_start_matches('\t') } else { next };
                        next == end
                    });
                }
            }
            found.instruction(&word, &text, number);
        }
        found
    }

    fn instruction(&mut self, word: &str, text: &str, number: usize) {
        let mut words = text.split_whitespace().skip(1);
        match word {
            "FROM" => {
                let mut words = words.filter(|word| !word.starts_with("--"));
                let base = words.next().unwrap_or_default();
                let name = match (words.next(), words.next()) {
                    (Some(word), Some(name)) if word.eq_ignore_ascii_case("as") => name.to_lowercase(),
                    _ => format!("stage-{}", self.stages.len()),
                };
                let is_stage = self.stages.iter().any(|stage| stage.name.eq_ignore_ascii_case(base));
                let is_counted = base != "scratch" && !is_stage;
                if is_counted {
                    self.images.push(base.to_owned());
                }
                let lines = if is_counted { vec![number] } else { Vec::new() };
                self.stages.push(Stage { name, lines, base: base.to_owned() });
            }
            "RUN" | "COPY" | "ADD" | "WORKDIR" => {
                let from = |word: &str| {
                    let options =
                        word.strip_prefix("--from=").or_else(|| word.strip_prefix("--mount=")?.split("from=").nth(1));
                    options.map(|rest| rest.split(',').next().unwrap_or_default().to_owned())
                };
                self.images.extend(words.by_ref().take_while(|word| word.starts_with("--")).filter_map(from));
                if let Some(stage) = self.stages.last_mut() {
                    stage.lines.push(number);
                }
            }
            _ => {}
        }
    }

    /// The first line that makes something of what is ours.
    pub(super) fn first(&self) -> Option<usize> {
        let stage = self.stages.iter().find(|stage| self.ours.as_ref() == Some(&stage.base))?;
        stage.lines.get(1).copied()
    }

    /// The line of a vertex called `[linux/arm64 stage 2/5] RUN …`; each part but the numbers may be absent.
    fn of(&self, vertex: &str) -> Option<usize> {
        let (inside, rest) = vertex.strip_prefix('[')?.split_once(']')?;
        if rest.trim_start().starts_with("ONBUILD ") {
            return None;
        }
        // `[2/5]`, and `[ 2/12]`.
        let (before, count) = inside.rsplit_once('/')?;
        let (stage, number) = before.rsplit_once(' ').unwrap_or(("", before));
        let (number, count) = (number.parse::<usize>().ok()?, count.parse::<usize>().ok()?);
        let stage = stage.split_whitespace().last().filter(|word| !word.contains('/')).unwrap_or("");
        // A lone stage is called `stage-0` or nothing, as the daemon's version has it.
        let found = match self.stages.as_slice() {
            [lone] => lone,
            all => all.iter().rev().find(|one| one.name == stage)?,
        };
        let lines = &found.lines;
        if self.ours.as_ref().is_some_and(|ours| *ours == found.base) {
            return lines.get(number).copied();
        }
        // From the end: what a base adds by ONBUILD stands before.
        lines.len().checked_sub(count.checked_sub(number)? + 1).map(|at| lines[at])
    }
}

fn is_remark(line: &str) -> bool {
    let line = line.trim_start();
    line.is_empty() || line.starts_with('#')
}

/// The words that end what stands in the lines below, and whether tabs may stand before them.
fn heredocs(text: &str) -> Vec<(String, bool)> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_whitespace() => {
                words.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    let ends = words.iter().filter_map(|word| {
        let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
        let (rest, dashed) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
        let end = rest.replace(['"', '\''], "");
        (!end.is_empty() && !end.contains('<')).then_some((end, dashed))
    });
    ends.collect()
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Stand {
    #[default]
    Waiting,
    Running,
    Done,
}

/// How far a build is.
pub(super) struct Progress {
    lines: Lines,
    /// Vertexes by digest: line, and whether it runs.
    vertexes: HashMap<String, (Option<usize>, bool)>,
    stands: BTreeMap<usize, Stand>,
    tails: BTreeMap<usize, Vec<u8>>,
    failing: Option<usize>,
}

impl Progress {
    pub(super) fn new(lines: Lines) -> Self {
        Self { lines, vertexes: HashMap::new(), stands: BTreeMap::new(), tails: BTreeMap::new(), failing: None }
    }

    /// Whether the daemon said that it is at something.
    pub(super) fn is_running(&self) -> bool {
        self.vertexes.values().any(|(_, running)| *running)
    }

    /// What is known of a failure.
    pub(super) fn failing(&mut self) -> Failing {
        let tail = self.failing.and_then(|line| self.tails.remove(&line)).unwrap_or_default();
        Failing { line: self.failing, tail, broken: None }
    }

    /// Tells what is new, in the order of the lines: of what was cached, the daemon tells in any.
    pub(super) fn apply(&mut self, update: StatusResponse, told: &dyn Told) {
        let mut ended = BTreeMap::new();
        let mut began = Vec::new();
        for vertex in update.vertexes {
            if self.vertexes.len() >= MAX_VERTEXES && !self.vertexes.contains_key(&vertex.digest) {
                continue;
            }
            if !vertex.error.is_empty() && vertex.name.starts_with("exporting cache") {
                // The build goes on without; whoever wants it there should hear of it.
                let said = format!("{}: {}\n", escape(&vertex.name), escape(beginning(&vertex.error, TAIL)));
                if let Some(line) = self.lines.first() {
                    told.output(line, said.as_bytes());
                }
            }
            let line = self.lines.of(&vertex.name);
            let is_done = vertex.completed.is_some();
            let is_running = vertex.started.is_some() && !is_done;
            self.vertexes.insert(vertex.digest, (line, is_running));
            let Some(line) = line else { continue };
            if is_running || is_done {
                began.push(line);
            }
            if !vertex.error.is_empty() {
                self.failing = Some(line);
            } else if is_done {
                ended.insert(line, vertex.cached);
            }
        }
        began.sort_unstable();
        for line in began {
            let stand = self.stands.entry(line).or_default();
            if *stand == Stand::Waiting {
                *stand = Stand::Running;
                told.began(line);
            }
        }
        for log in update.logs {
            if let Some((Some(line), _)) = self.vertexes.get(&log.vertex) {
                let tail = self.tails.entry(*line).or_default();
                tail.extend_from_slice(&log.msg);
                let over = tail.len().saturating_sub(TAIL);
                tail.drain(..over);
                told.output(*line, &log.msg);
            }
        }
        for (line, cached) in ended {
            let stand = self.stands.entry(line).or_default();
            if *stand == Stand::Running {
                *stand = Stand::Done;
                self.tails.remove(&line);
                told.ended(line, cached);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_found_by_their_numbers() {
        let lines = Lines::read(
            "# remark\nFROM debian:12\nENV A=1\nRUN a && \\\n  # in between\n\n  b\nCOPY <<EOF /x\nRUN no\nEOF\nWORKDIR /w\nRUN [\"sh\", \"-c\", \"cat <<EOF\"]\n",
        );
        let of = |name: &str| lines.of(name);
        assert_eq!(of("[1/5] FROM docker.io/library/debian:12"), Some(2));
        assert_eq!(of("[2/5] RUN a && b"), Some(4));
        assert_eq!(of("[3/5] COPY <<EOF /x"), Some(8));
        assert_eq!(of("[linux/arm64 4/5] WORKDIR /w"), Some(11));
        assert_eq!(of("[ 5/5] RUN [sh]"), Some(12));
        assert_eq!(of("[stage-0 5/5] RUN [sh]"), Some(12));
        assert_eq!(of("[internal] load build context"), None);
        assert_eq!(of("exporting to oci image format"), None);
        assert_eq!(of("[2/6] ONBUILD RUN x"), None);
        assert_eq!(of("[6/6] RUN [sh]"), Some(12));
        assert_eq!(of("[9/5] x"), None);
        assert_eq!(of("[0/5] x"), None);
    }

    #[test]
    fn what_stands_on_an_image_of_ours_is_numbered_without_it() {
        let mut lines = Lines::read("FROM bakery-1\nENV A=1\nRUN one\nRUN two\n");
        assert_eq!((lines.of("[2/3] RUN one"), lines.of("[3/3] RUN two")), (Some(3), Some(4)));
        lines.ours = Some("bakery-1".into());
        assert_eq!((lines.of("[1/3] RUN one"), lines.of("[2/3] RUN two")), (Some(3), Some(4)));
        assert_eq!(lines.of("[context bakery-1] OCI load from client"), None);
    }

    #[test]
    fn stages_and_the_images_they_name_are_told_apart() {
        let lines = Lines::read(
            "FROM r.example/go:1 AS Build\nRUN make\nFROM scratch\nADD rootfs.tar /\nCOPY --from=build /a /a\nRUN --mount=type=bind,from=b.example/t:2,target=/t id\n",
        );
        assert_eq!(lines.of("[build 2/2] RUN make"), Some(2));
        assert_eq!(lines.of("[stage-1 1/3] ADD rootfs.tar /"), Some(4));
        assert_eq!(lines.of("[stage-1 3/3] RUN id"), Some(6));
        assert_eq!(lines.images, ["r.example/go:1", "build", "b.example/t:2"]);
    }
}

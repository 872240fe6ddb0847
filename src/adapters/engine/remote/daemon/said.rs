//! What a daemon says while it builds, as lines of the Dockerfile: BuildKit's trace, and podman's text. Sends nothing.

use std::collections::BTreeMap;

use bollard::models::{BuildInfo, BuildInfoAux};
use tokio::sync::mpsc::UnboundedSender;

use crate::adapters::engine::remote::Told;

/// A line that ran something, and is done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) line: usize,
    /// The image it left, where it is told.
    pub(super) image: Option<String>,
    pub(super) cached: bool,
}

/// Follows one build.
pub(super) struct Story<'a> {
    told: &'a dyn Told,
    done: UnboundedSender<Done>,
    /// Lines that run something.
    runs: Vec<usize>,
    /// Lines of instructions BuildKit numbers.
    numbered: Vec<usize>,
    /// BuildKit's nodes by digest.
    lines: BTreeMap<String, usize>,
    begun: Vec<usize>,
    ended: Vec<usize>,
    /// Where podman is.
    current: Option<usize>,
    cached: bool,
    /// Line that failed.
    pub(super) failed: Option<usize>,
    last: usize,
    /// A line of text that is not whole yet.
    torn: String,
}

impl<'a> Story<'a> {
    pub(super) fn of(dockerfile: &str, told: &'a dyn Told, done: UnboundedSender<Done>) -> Self {
        let numbered =
            |line: &str| ["FROM ", "ADD ", "COPY ", "RUN ", "WORKDIR "].iter().any(|word| line.starts_with(word));
        // `FROM scratch` is no step of BuildKit's.
        let all = dockerfile.lines().enumerate();
        let numbered = all.filter(|(_, line)| numbered(line) && *line != "FROM scratch").map(|(at, _)| at + 1);
        let runs = dockerfile.lines().enumerate().filter(|(_, line)| line.starts_with("RUN ")).map(|(at, _)| at + 1);
        Self {
            told,
            done,
            runs: runs.collect(),
            numbered: numbered.collect(),
            lines: BTreeMap::new(),
            begun: Vec::new(),
            ended: Vec::new(),
            current: None,
            cached: false,
            failed: None,
            last: dockerfile.lines().count(),
            torn: String::new(),
        }
    }

    /// Where a failure belongs that names no line.
    pub(super) fn blamed(&self) -> usize {
        self.failed.or(self.current).unwrap_or(self.last)
    }

    pub(super) fn hear(&mut self, info: BuildInfo) {
        if let Some(BuildInfoAux::BuildKit(status)) = info.aux {
            for vertex in status.vertexes {
                let Some(line) = self.line_of(&vertex.name) else { continue };
                self.lines.insert(vertex.digest, line);
                // All are named before any is begun.
                if (vertex.started.is_some() || vertex.completed.is_some()) && !self.begun.contains(&line) {
                    self.begun.push(line);
                    self.told.began(line);
                }
                if !vertex.error.is_empty() {
                    self.failed = Some(line);
                } else if vertex.completed.is_some() && !self.ended.contains(&line) {
                    self.ended.push(line);
                    self.told.ended(line, vertex.cached);
                    self.left(line, None, vertex.cached);
                }
            }
            for log in status.logs {
                if let Some(line) = self.lines.get(&log.vertex) {
                    self.told.output(*line, &log.msg);
                }
            }
        }
        if let Some(text) = info.stream {
            self.text(&text);
        }
    }

    /// `[2/3] RUN …`, or `[stage-0 2/3] RUN …`.
    fn line_of(&self, name: &str) -> Option<usize> {
        let inside = name.strip_prefix('[')?.split(']').next()?;
        let (number, _) = inside.rsplit(' ').next()?.split_once('/')?;
        self.numbered.get(number.trim().parse::<usize>().ok()?.checked_sub(1)?).copied()
    }

    fn text(&mut self, text: &str) {
        let text = std::mem::take(&mut self.torn) + text;
        for line in text.split_inclusive('\n') {
            // What may become a line of podman's own waits for its end.
            if !line.ends_with('\n')
                && ["STEP ", "--> ", "COMMIT "].iter().any(|mark| mark.starts_with(line) || line.starts_with(mark))
            {
                line.clone_into(&mut self.torn);
                return;
            }
            self.line(line);
        }
    }

    fn line(&mut self, line: &str) {
        let step = line.strip_prefix("STEP ").and_then(|rest| rest.split('/').next()?.parse::<usize>().ok());
        if let Some(number) = step {
            self.end();
            self.current = Some(number);
            self.told.began(number);
        } else if line.starts_with("--> Using cache") {
            self.cached = true;
        } else if let Some(image) = line.strip_prefix("--> ") {
            let (current, cached) = (self.current, self.cached);
            self.end();
            if let Some(current) = current {
                self.left(current, Some(image.trim()), cached);
            }
        } else if line.starts_with("COMMIT ") {
            self.end();
        } else if let Some(current) = self.current {
            self.told.output(current, line.as_bytes());
        }
    }

    fn left(&self, line: usize, image: Option<&str>, cached: bool) {
        if self.runs.contains(&line) {
            // Where nobody reads ahead, nobody listens.
            let _ = self.done.send(Done { line, image: image.map(str::to_owned), cached });
        }
    }

    fn end(&mut self) {
        if let Some(line) = self.current.take() {
            self.told.ended(line, std::mem::take(&mut self.cached));
        }
    }
}

/// The exit code in a daemon's words.
pub(super) fn exit_code(text: &str) -> Option<i32> {
    ["exit code: ", "exit status ", "non-zero code: "].iter().find_map(|words| {
        let rest = &text[text.rfind(words)? + words.len()..];
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok().filter(|code| *code != 0)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    #[derive(Default)]
    struct Notes(Mutex<Vec<String>>);

    impl Told for Notes {
        fn began(&self, line: usize) {
            self.0.lock().unwrap().push(format!("began {line}"));
        }
        fn ended(&self, line: usize, cached: bool) {
            self.0.lock().unwrap().push(format!("ended {line} {cached}"));
        }
        fn output(&self, line: usize, bytes: &[u8]) {
            self.0.lock().unwrap().push(format!("{line}: {}", String::from_utf8_lossy(bytes).trim_end()));
        }
    }

    fn said(text: &str) -> BuildInfo {
        BuildInfo { stream: Some(text.to_owned()), ..BuildInfo::default() }
    }

    #[test]
    fn text_is_told_by_the_instruction_it_belongs_to() {
        let notes = Notes::default();
        let (done, mut dones) = unbounded_channel();
        let mut story = Story::of("FROM a\nENV A=b\nRUN [\"x\"]\nRUN [\"y\"]\n", &notes, done);
        for piece in [
            "STEP 1/4: FROM a\nSTEP 2/4: ENV A=b\n--> 12ab\nST",
            "EP 3/4: RUN [\"x\"]\nhello\nthere",
            " you\n--> 5",
            "6ef\nSTEP 4/4: RUN [\"y\"]\n",
            "COMMIT r\n--> 34cd\n",
        ] {
            story.hear(said(piece));
        }
        let all = notes.0.lock().unwrap().clone();
        let expected = [
            "began 1",
            "ended 1 false",
            "began 2",
            "ended 2 false",
            "began 3",
            "3: hello",
            "3: there",
            "3:  you",
            "ended 3 false",
            "began 4",
            "ended 4 false",
        ];
        assert_eq!(all, expected);
        drop(story);
        let left = Done { line: 3, image: Some("56ef".into()), cached: false };
        assert_eq!((dones.blocking_recv(), dones.blocking_recv()), (Some(left), None));
    }

    #[test]
    fn nodes_are_known_by_their_number() {
        let notes = Notes::default();
        let story = Story::of("FROM a\nENV A=b\nUSER 0:0\nRUN [\"x\"]\nRUN [\"y\"]\n", &notes, unbounded_channel().0);
        let lines = ["[1/3] FROM a", "[2/3] RUN x", "[stage-0 3/3] RUN y", "exporting to image", "[internal] load"];
        assert_eq!(lines.map(|name| story.line_of(name)), [Some(1), Some(4), Some(5), None, None]);
        let scratch = Story::of("FROM scratch\nADD rootfs.tar /\nRUN [\"y\"]\n", &notes, unbounded_channel().0);
        assert_eq!(scratch.line_of("[2/2] RUN y"), Some(3));
    }

    #[test]
    fn exit_codes_are_found_in_either_ones_words() {
        assert_eq!(exit_code("executor failed running [sh -c exit code: 1]: exit code: 3"), Some(3));
        assert_eq!(exit_code("building at STEP \"RUN x\": while running runtime: exit status 4"), Some(4));
        assert_eq!(exit_code("no such image"), None);
    }
}

//! The stops of the tour, in order: what is said, what is pressed, and what has to show before it goes on.

/// A stop.
#[derive(Debug)]
pub struct Stop {
    /// In few words.
    pub title: &'static str,
    /// What is seen and why it matters; two lines of 76 columns at most.
    pub says: &'static str,
    /// What is done, one after the other.
    pub(super) acts: &'static [Act],
}

/// One thing the tour does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// Presses keys, by their names between spaces.
    Press(&'static str),
    /// Types a text.
    Type(&'static str),
    /// Waits until the screen shows one of these.
    Await(&'static [&'static str]),
    /// Lets people read, for so many seconds.
    Read(u16),
}

use Act::{Await, Press, Read, Type};

/// How a bake can end, as the second line of the screen says it.
const ENDED: &[&str] = &["baked in", "failed", "rejected", "lost"];

/// What `bakery demo --tour` shows.
pub const STOPS: &[Stop] = &[
    Stop {
        title: "a shelf of trusted images",
        says: "The global team keeps hardened base images in one store. Teams inherit them: nobody copies their recipes, and \
               nobody starts from a stranger's image.",
        acts: &[Press("1"), Await(&["tags"]), Read(7)],
    },
    Stop {
        title: "who vouches for it",
        says: "Every image says who signed it. bakery checks that before it shows the tick here, and once more before \
               anything is built on it.",
        acts: &[Press("/"), Type("python"), Press("enter"), Await(&["signed by"]), Read(7)],
    },
    Stop {
        title: "make it yours",
        says: "One key makes it the base of a recipe: one of the team's, or a new one whose first lines are written for you.",
        acts: &[Press("c"), Await(&["becomes the base"]), Read(7), Press("esc esc esc")],
    },
    Stop {
        title: "a recipe is a page",
        says: "A recipe says what your project adds to its base, a step a line: packages, files, commands, tests. \
               Mistakes show while you type.",
        acts: &[
            Press("2 esc esc /"),
            Type("payments"),
            Press("enter"),
            Await(&["payments-api"]),
            Press("e"),
            Await(&["payments-api.yaml"]),
            Read(7),
        ],
    },
    Stop {
        title: "change a line",
        says: "Change it and save. What comes out depends on this text, its files and the base, on nothing else: the same \
               recipe gives the same digest on every machine.",
        acts: &[
            Press("home"),
            Type("# A word of ours."),
            Press("enter ctrl-o"),
            Await(&["saved"]),
            Read(7),
            Press("esc esc"),
        ],
    },
    Stop {
        title: "bake, and watch",
        says: "Each step becomes one layer on the inherited ones. Files show as they change, checks run beside them. No \
               daemon, no root, no network needed here.",
        acts: &[Press("b"), Await(ENDED), Read(7)],
    },
    Stop {
        title: "what is in a layer",
        says: "Every file a step added, changed or deleted, with its size. Nothing gets into an image unseen.",
        acts: &[Press("c"), Read(7)],
    },
    Stop {
        title: "judged before it has a name",
        says: "Who signed the base, what its contract forbids, what the policy asks, what the tests say. Only when all of it \
               holds is the image signed and given its tag.",
        acts: &[Press("o"), Read(7), Press("esc esc")],
    },
    Stop {
        title: "refused",
        says: "This recipe slips in a program that gives whoever runs it root's rights. The check names the file and the \
               mend. The image gets no tag and no signature.",
        acts: &[
            Press("2 esc esc /"),
            Type("kiosk"),
            Press("enter"),
            Await(&["kiosk"]),
            Press("b"),
            Await(&["rejected", "failed"]),
            Read(7),
        ],
    },
    Stop {
        title: "what did we add?",
        says: "Any two images compared: here the base, and what was made of it. Files, packages and settings, each with the \
               layer it comes from and whose it is.",
        acts: &[
            Press("1 esc esc /"),
            Type("python"),
            Press("enter space esc esc /"),
            Type("payments"),
            Press("enter d"),
            Await(&["Packages"]),
            Read(7),
        ],
    },
    Stop {
        title: "the chain of trust",
        says: "From your image up to the first base: signatures, contracts, and layers compared by content. A label saying \
               what an image is built on is never believed.",
        acts: &[Press("1 v"), Await(&["verified", "rejected"]), Read(7)],
    },
    Stop {
        title: "nothing is lost",
        says: "A bake goes on when your terminal does not. Come back from anywhere and see it from its first line, or play an \
               old one again.",
        acts: &[Press("7"), Await(&["bakes"]), Read(4), Press("R"), Await(&["replay"]), Read(4)],
    },
    Stop {
        title: "when the base moves",
        says: "The global team has hardened Python since. This report still stands on the old one: it is stale, and says how \
               to move on.",
        acts: &[Press("2 esc esc /"), Type("reports"), Press("enter"), Await(&["stale"]), Read(7)],
    },
    Stop {
        title: "who is built on whom",
        says: "All stores as one tree: who is behind, by how many versions, and the one best thing to do. What an image stands on \
               is proven by its layers. When a base moves, it shows here by itself.",
        acts: &[Press("6"), Await(&["version behind"]), Read(8)],
    },
    Stop {
        title: "moved without a bake",
        says: "A rebase puts the team's own layers on the new base. It is offered where that is proven to come to the same as a \
               bake; where it is not, the files in the way are named.",
        acts: &[Press("R"), Await(&["Enter rebases", "b bakes its", "v shows what"]), Read(7), Press("esc")],
    },
    Stop {
        title: "hand it on",
        says: "Every tool reads the local store as it is: podman run oci:local-store:team-a/payments-api:1.4.0. cosign verifies \
               what bakery signs. That was the tour: look around.",
        acts: &[Press("1 esc esc"), Await(&["team-a"]), Read(7)],
    },
];

impl Stop {
    /// The keys it presses, as people read them.
    pub fn keys(&self) -> Vec<String> {
        let of = |act: &Act| match act {
            Press(keys) => keys.split(' ').map(super::shown).collect(),
            Type(text) => vec![format!("\"{text}\"")],
            Await(_) | Read(_) => Vec::new(),
        };
        self.acts.iter().flat_map(of).collect()
    }
}

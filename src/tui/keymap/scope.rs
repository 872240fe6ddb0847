//! Where keys hold. Knows no key.

/// Where a binding holds. Inner scopes are asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Scope {
    Everywhere,
    List,
    Store,
    StoreDetail,
    Recipes,
    RecipeDetail,
    /// A new recipe, answer by answer.
    Wizard,
    /// What may stand at the editor's cursor.
    Completion,
    /// What is typed below the editor's text.
    EditorSearch,
    Editor,
    Bake,
    /// A bake that is over.
    BakeOver,
    /// A bake with a failure that can be looked into.
    BakeFailed,
    /// The files a step changes.
    Changes,
    /// The checks of a bake.
    BakeChecks,
    /// What one of them found.
    BakeEvidence,
    Log,
    Verify,
    /// What a check found, or a level is.
    VerifyDetail,
    /// A chain that is being verified, or cannot be.
    VerifyUnread,
    Diff,
    /// Images that are being read, or cannot be.
    DiffUnread,
    DiffFiles,
    DiffContent,
    DiffLayers,
    /// Who inherits from whom.
    Lineage,
    /// One image of it.
    LineageDetail,
    /// What came of a question about it.
    LineageAnswer,
    /// What a base would be, being typed.
    LineageOnto,
    /// A roll-out, however it stands.
    RollOut,
    /// One that is at work.
    RollOutRunning,
    /// One that is over and left something.
    RollOutStopped,
    /// One that is done.
    RollOutDone,
    Bakes,
    /// A line being typed: a filter, a search.
    Line,
    /// The name of a file being typed.
    Name,
    Confirm,
    /// A question answered by typing a word.
    Typed,
    /// A passphrase being typed.
    Secret,
    Picker,
    Palette,
    /// What is under way.
    Tasks,
    /// What was done, as commands.
    Commands,
    Help,
}

impl Scope {
    /// Characters typed here are text, not keys.
    pub fn takes_text(self) -> bool {
        matches!(
            self,
            Self::Editor
                | Self::Completion
                | Self::EditorSearch
                | Self::Wizard
                | Self::Line
                | Self::LineageOnto
                | Self::Name
                | Self::Picker
                | Self::Palette
                | Self::Typed
                | Self::Secret
        )
    }

    /// Its heading in help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::List => "moving",
            Self::Store => "store",
            Self::StoreDetail => "image",
            Self::Recipes => "recipes",
            Self::RecipeDetail => "plan",
            Self::Wizard => "new recipe",
            Self::Completion => "what may stand there",
            Self::EditorSearch => "finding",
            Self::Editor => "editor",
            Self::Bake => "bake",
            Self::BakeOver => "bake that is over",
            Self::BakeFailed => "failure",
            Self::Changes => "changed files",
            Self::BakeChecks => "checks",
            Self::BakeEvidence => "evidence",
            Self::Log => "log",
            Self::Verify => "chain",
            Self::VerifyDetail => "evidence and mend",
            Self::VerifyUnread => "chain to be verified",
            Self::Diff => "images",
            Self::DiffUnread => "images to be read",
            Self::DiffFiles => "files",
            Self::DiffContent => "what is in a file",
            Self::DiffLayers => "layers",
            Self::Lineage => "lineage",
            Self::LineageDetail => "one image of it",
            Self::LineageAnswer => "what came of it",
            Self::LineageOnto => "typing a base",
            Self::RollOut => "roll-out",
            Self::RollOutRunning => "roll-out under way",
            Self::RollOutStopped => "roll-out that stopped",
            Self::RollOutDone => "roll-out that is done",
            Self::Bakes => "bakes",
            Self::Line => "typing a filter",
            Self::Name => "typing a name",
            Self::Confirm => "question",
            Self::Typed => "question to be answered in full",
            Self::Secret => "typing a passphrase",
            Self::Picker => "choosing",
            Self::Palette => "command",
            Self::Tasks => "under way",
            Self::Commands => "commands so far",
            Self::Help => "help",
        }
    }

    /// What else help says of it: words, and what they mean.
    pub fn notes(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::DiffFiles => &[
                ("/app.conf", "part of a path; capitals count where there are some"),
                ("/op:added", "or modified, deleted, moved"),
                ("/owner:local", "or global"),
                ("/layer:5", "made by this layer"),
                ("/>1MB <2GB", "larger, smaller; words all have to hold"),
                ("/!op:added", "turned round"),
            ],
            Self::Verify => &[
                ("/contract", "part of a check's name, reason or evidence, or of an image's name"),
                ("/fail", "or pass, warn, unknown, skip"),
                ("/!pass", "turned round"),
            ],
            Self::Bakes => &[
                ("/payments", "part of an image, an ID, a builder, a workspace; or ok, failed, lost, …"),
                ("/!ok", "turned round"),
            ],
            Self::Lineage => &[
                ("/payments", "part of any of its tags"),
                ("/stale", "or current, unknown, root; global, local, team"),
                ("/rebase", "or rebake, base-first, blocked, once it was looked into"),
                ("/!team", "turned round"),
            ],
            _ => &[],
        }
    }
}

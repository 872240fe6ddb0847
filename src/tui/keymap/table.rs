//! The one table of keys: help, status bar and input all read it.

use super::{Action, Motion};
use crate::tui::screens::Screen;

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
}

impl Scope {
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
            _ => &[],
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Where it holds.
    pub scope: Scope,
    /// Keys, any of them; `g+g` is a sequence. The first is the one shown.
    pub keys: &'static [&'static str],
    /// What it asks for.
    pub action: Action,
    /// In help, and short enough for the status bar.
    pub label: &'static str,
    /// Whether the status bar names it.
    pub in_bar: bool,
}

const fn bar(scope: Scope, keys: &'static [&'static str], action: Action, label: &'static str) -> Binding {
    Binding { scope, keys, action, label, in_bar: true }
}

const fn quiet(scope: Scope, keys: &'static [&'static str], action: Action, label: &'static str) -> Binding {
    Binding { scope, keys, action, label, in_bar: false }
}

/// Every key of bakery. Never bound: Ctrl-S, Ctrl-Q, Ctrl-M, Ctrl-I, Ctrl-H, Ctrl-Space (contract section 10).
pub const TABLE: &[Binding] = &[
    bar(Scope::Store, &["enter", "l"], Action::Open, "open"),
    bar(Scope::Store, &["c"], Action::ChooseBase, "choose as base"),
    quiet(Scope::Store, &["y"], Action::Copy, "copy the reference"),
    quiet(Scope::Store, &["r"], Action::Refresh, "read the stores again"),
    bar(Scope::Store, &["d"], Action::Compare, "diff"),
    bar(Scope::Store, &["v"], Action::Verify, "verify"),
    quiet(Scope::Store, &["space"], Action::Mark, "mark; of two for diff the first is compared with"),
    quiet(Scope::Store, &["u"], Action::Unmark, "take all marks away"),
    quiet(Scope::Store, &["P"], Action::Publish, "publish it, or what is marked"),
    bar(Scope::StoreDetail, &["c"], Action::ChooseBase, "choose as base"),
    bar(Scope::StoreDetail, &["y"], Action::Copy, "copy digest"),
    quiet(Scope::StoreDetail, &["r"], Action::Refresh, "read it again"),
    bar(Scope::StoreDetail, &["d"], Action::Compare, "diff"),
    bar(Scope::StoreDetail, &["v"], Action::Verify, "verify"),
    quiet(Scope::StoreDetail, &["space"], Action::Mark, "mark; of two for diff the first is compared with"),
    quiet(Scope::StoreDetail, &["u"], Action::Unmark, "take all marks away"),
    quiet(Scope::StoreDetail, &["P"], Action::Publish, "publish it, or what is marked"),
    bar(Scope::Recipes, &["enter", "e"], Action::Edit, "edit"),
    quiet(Scope::Recipes, &["l"], Action::Log, "watch its last bake"),
    bar(Scope::Recipes, &["b"], Action::Bake, "bake"),
    bar(Scope::Recipes, &["p"], Action::Plan, "plan"),
    bar(Scope::Recipes, &["v"], Action::Verify, "verify"),
    bar(Scope::Recipes, &["a"], Action::New, "new"),
    quiet(Scope::Recipes, &["space"], Action::Mark, "mark: bake, verify, publish take all that is marked"),
    quiet(Scope::Recipes, &["u"], Action::Unmark, "take all marks away"),
    quiet(Scope::Recipes, &["P"], Action::Publish, "publish its image, or those of what is marked"),
    quiet(Scope::Recipes, &["E"], Action::EditOutside, "edit in $EDITOR"),
    quiet(Scope::Recipes, &["z"], Action::Undo, "take back the last change of a base"),
    quiet(Scope::Recipes, &["y"], Action::Copy, "copy the image's name"),
    quiet(Scope::Recipes, &["r"], Action::Refresh, "read the recipes again"),
    bar(Scope::RecipeDetail, &["b"], Action::Bake, "bake"),
    bar(Scope::RecipeDetail, &["e"], Action::Edit, "edit"),
    bar(Scope::RecipeDetail, &["p"], Action::Plan, "plan"),
    bar(Scope::RecipeDetail, &["v"], Action::Verify, "verify"),
    quiet(Scope::RecipeDetail, &["P"], Action::Publish, "publish its image"),
    quiet(Scope::RecipeDetail, &["l"], Action::Log, "watch its last bake"),
    quiet(Scope::RecipeDetail, &["E"], Action::EditOutside, "edit in $EDITOR"),
    quiet(Scope::RecipeDetail, &["z"], Action::Undo, "take back the last change of a base"),
    quiet(Scope::RecipeDetail, &["y"], Action::Copy, "copy the image's name"),
    quiet(Scope::RecipeDetail, &["r"], Action::Refresh, "read the recipes again"),
    bar(Scope::Wizard, &["enter"], Action::Open, "next"),
    bar(Scope::Wizard, &["esc"], Action::Back, "answer before"),
    quiet(Scope::Wizard, &["up", "ctrl-p"], Action::Move(Motion::Up), "up"),
    quiet(Scope::Wizard, &["down", "ctrl-n"], Action::Move(Motion::Down), "down"),
    bar(Scope::Wizard, &["tab"], Action::Complete, "take it over"),
    bar(Scope::Completion, &["tab"], Action::Indent, "take it"),
    quiet(Scope::Completion, &["enter"], Action::Open, "take the one chosen; else a new line"),
    bar(Scope::Completion, &["down", "ctrl-n"], Action::Move(Motion::Down), "down"),
    quiet(Scope::Completion, &["up", "ctrl-p"], Action::Move(Motion::Up), "up"),
    bar(Scope::Completion, &["esc"], Action::Back, "close"),
    bar(Scope::EditorSearch, &["enter"], Action::Open, "stay there"),
    bar(Scope::EditorSearch, &["down", "ctrl-n", "f3"], Action::Move(Motion::Down), "next"),
    bar(Scope::EditorSearch, &["up", "ctrl-p"], Action::Move(Motion::Up), "before"),
    quiet(Scope::EditorSearch, &["ctrl-f"], Action::Filter, "next"),
    bar(Scope::EditorSearch, &["esc"], Action::Back, "back"),
    bar(Scope::Editor, &["esc"], Action::Back, "done"),
    bar(Scope::Editor, &["tab"], Action::Indent, "complete or indent"),
    bar(Scope::Editor, &["ctrl-o"], Action::Save, "save"),
    bar(Scope::Editor, &["alt-z", "ctrl-_"], Action::Undo, "undo"),
    bar(Scope::Editor, &["alt-b", "f9"], Action::Bake, "bake; saves first"),
    bar(Scope::Editor, &["f8", "alt-."], Action::NextProblem, "next problem"),
    bar(Scope::Editor, &["ctrl-f"], Action::Filter, "find"),
    bar(Scope::Editor, &["alt-p"], Action::Plan, "plan"),
    bar(Scope::Editor, &["alt-h", "f5"], Action::Explain, "what it means"),
    bar(Scope::Editor, &["f1"], Action::Help, "help"),
    quiet(Scope::Editor, &["ctrl-n"], Action::Complete, "what may stand there"),
    quiet(Scope::Editor, &["alt-Z", "ctrl-y"], Action::Redo, "redo"),
    quiet(Scope::Editor, &["f7", "alt-,"], Action::PreviousProblem, "problem before"),
    quiet(Scope::Editor, &["f3", "alt-n"], Action::NextMatch, "next place of what was found"),
    quiet(Scope::Editor, &["f2", "alt-N"], Action::PreviousMatch, "place before"),
    quiet(Scope::Editor, &["alt-g"], Action::GoToLine, "go to a line"),
    quiet(Scope::Editor, &["alt-c"], Action::Comment, "comment lines, or take comments away"),
    quiet(Scope::Editor, &["backtab", "alt-left"], Action::Outdent, "a level out"),
    quiet(Scope::Editor, &["alt-right"], Action::IndentLines, "a level in"),
    quiet(Scope::Editor, &["alt-up"], Action::LineUp, "move lines up"),
    quiet(Scope::Editor, &["alt-down"], Action::LineDown, "move lines down"),
    quiet(Scope::Editor, &["alt-d"], Action::Duplicate, "repeat lines"),
    quiet(Scope::Editor, &["alt-k"], Action::DeleteLine, "remove lines"),
    quiet(Scope::Editor, &["alt-a"], Action::Mark, "select from here; again: give it up"),
    quiet(Scope::Editor, &["alt-A"], Action::MarkAll, "select everything"),
    quiet(Scope::Editor, &["ctrl-x"], Action::Cut, "cut what is selected, or the line"),
    quiet(Scope::Editor, &["alt-y"], Action::Copy, "copy what is selected, or the line"),
    quiet(Scope::Editor, &["ctrl-v", "alt-v"], Action::Paste, "paste what was cut or copied here"),
    quiet(Scope::Editor, &["alt-e"], Action::EditOutside, "edit in $EDITOR"),
    quiet(Scope::Editor, &["ctrl-d"], Action::Move(Motion::HalfDown), "half a page down"),
    quiet(Scope::Editor, &["ctrl-u"], Action::Move(Motion::HalfUp), "half a page up"),
    bar(Scope::Bake, &["enter"], Action::Open, "log of the step"),
    bar(Scope::Bake, &["c"], Action::Changes, "files that changed"),
    bar(Scope::Bake, &["x"], Action::CancelBake, "cancel the bake"),
    quiet(Scope::Bake, &["l"], Action::Log, "log"),
    quiet(Scope::Bake, &["b"], Action::Bake, "bake the recipe again"),
    quiet(Scope::Bake, &["R"], Action::Replay, "play it again"),
    quiet(Scope::Bake, &["y"], Action::Copy, "copy the image's digest"),
    quiet(Scope::Bake, &["d"], Action::Compare, "diff of what it made so far"),
    quiet(Scope::Bake, &["v"], Action::Verify, "verify the image it made"),
    bar(Scope::BakeOver, &["enter"], Action::Open, "log of the step"),
    bar(Scope::BakeOver, &["c"], Action::Changes, "files that changed"),
    bar(Scope::BakeOver, &["b"], Action::Bake, "bake again"),
    bar(Scope::BakeOver, &["R"], Action::Replay, "replay"),
    quiet(Scope::BakeOver, &["l"], Action::Log, "log"),
    quiet(Scope::BakeOver, &["x"], Action::CancelBake, "cancel the bake, while it runs"),
    quiet(Scope::BakeOver, &["y"], Action::Copy, "copy the image's digest"),
    bar(Scope::BakeOver, &["d"], Action::Compare, "diff"),
    bar(Scope::BakeOver, &["v"], Action::Verify, "verify"),
    quiet(Scope::BakeOver, &["P"], Action::Publish, "publish the image it made"),
    bar(Scope::BakeFailed, &["t"], Action::Shell, "shell there"),
    bar(Scope::Changes, &["enter"], Action::Open, "open or close"),
    bar(Scope::Changes, &["s"], Action::Sort, "sort by size or name"),
    quiet(Scope::Changes, &["d"], Action::Compare, "diff of what it made"),
    quiet(Scope::Changes, &["c"], Action::Back, "back to the steps"),
    quiet(Scope::Changes, &["x"], Action::CancelBake, "cancel the bake"),
    bar(Scope::BakeChecks, &["enter", "v"], Action::Open, "evidence"),
    bar(Scope::BakeChecks, &["esc"], Action::Back, "steps"),
    quiet(Scope::BakeChecks, &["n"], Action::NextMatch, "next failing check"),
    quiet(Scope::BakeChecks, &["N"], Action::PreviousMatch, "failing check before"),
    quiet(Scope::BakeChecks, &["y"], Action::Copy, "copy the evidence"),
    quiet(Scope::BakeChecks, &["x"], Action::CancelBake, "cancel the bake"),
    bar(Scope::BakeEvidence, &["esc", "h"], Action::Back, "checks"),
    bar(Scope::BakeEvidence, &["y"], Action::Copy, "copy it"),
    bar(Scope::Log, &["f"], Action::Follow, "follow"),
    bar(Scope::Log, &["w"], Action::Wrap, "wrap"),
    quiet(Scope::Log, &["x"], Action::CancelBake, "cancel the bake"),
    bar(Scope::Verify, &["enter"], Action::Open, "evidence"),
    bar(Scope::Verify, &["d"], Action::Compare, "diff"),
    bar(Scope::Verify, &["e"], Action::Edit, "edit recipe"),
    bar(Scope::Verify, &["x"], Action::Exception, "exception"),
    bar(Scope::Verify, &["r"], Action::Refresh, "run again"),
    quiet(Scope::Verify, &["n"], Action::NextMatch, "next failing check, or next match"),
    quiet(Scope::Verify, &["N"], Action::PreviousMatch, "failing check or match before"),
    quiet(Scope::Verify, &["y"], Action::Copy, "copy a check's evidence, an image's digest"),
    quiet(Scope::Verify, &["*"], Action::OpenAll, "open every image"),
    quiet(Scope::Verify, &["minus"], Action::CloseAll, "close every image"),
    bar(Scope::VerifyDetail, &["esc"], Action::Back, "back"),
    bar(Scope::VerifyDetail, &["y"], Action::Copy, "copy"),
    bar(Scope::VerifyDetail, &["d"], Action::Compare, "diff"),
    bar(Scope::VerifyDetail, &["e"], Action::Edit, "edit recipe"),
    bar(Scope::VerifyDetail, &["x"], Action::Exception, "exception"),
    quiet(Scope::VerifyDetail, &["r"], Action::Refresh, "run again"),
    quiet(Scope::VerifyDetail, &["n"], Action::NextMatch, "next failing check"),
    quiet(Scope::VerifyDetail, &["N"], Action::PreviousMatch, "failing check before"),
    bar(Scope::VerifyUnread, &["r"], Action::Refresh, "verify it"),
    quiet(Scope::VerifyUnread, &["backspace"], Action::Back, "back"),
    bar(Scope::DiffContent, &["esc", "h"], Action::Back, "back"),
    bar(Scope::DiffContent, &["n"], Action::NextMatch, "next change"),
    quiet(Scope::DiffContent, &["N"], Action::PreviousMatch, "change before"),
    bar(Scope::DiffContent, &["S"], Action::SaveAs, "write it to disk"),
    bar(Scope::DiffFiles, &["enter"], Action::Open, "open"),
    bar(Scope::DiffFiles, &["s"], Action::Sort, "sort"),
    bar(Scope::DiffFiles, &["o"], Action::Owner, "owner"),
    bar(Scope::DiffFiles, &["f"], Action::Kinds, "changes"),
    quiet(Scope::DiffFiles, &["T"], Action::Flat, "tree, or list of paths"),
    quiet(Scope::DiffFiles, &["*"], Action::OpenAll, "open every folder"),
    quiet(Scope::DiffFiles, &["minus"], Action::CloseAll, "close every folder"),
    quiet(Scope::DiffFiles, &["S"], Action::SaveAs, "write the file to disk"),
    bar(Scope::DiffLayers, &["enter"], Action::Open, "its changes"),
    bar(Scope::Diff, &["]"], Action::NextTab, "next part"),
    bar(Scope::Diff, &["["], Action::PreviousTab, "part before"),
    quiet(Scope::Diff, &["y"], Action::Copy, "copy path, name or digest"),
    quiet(Scope::Diff, &["O"], Action::OtherPane, "all that is known of it"),
    quiet(Scope::Diff, &["r"], Action::Refresh, "read it again"),
    bar(Scope::DiffUnread, &["r"], Action::Refresh, "read it again"),
    quiet(Scope::DiffUnread, &["backspace"], Action::Back, "back"),
    bar(Scope::Bakes, &["enter"], Action::Open, "attach"),
    quiet(Scope::Bakes, &["space"], Action::Mark, "mark: cancel, publish take all that is marked"),
    quiet(Scope::Bakes, &["u"], Action::Unmark, "take all marks away"),
    quiet(Scope::Bakes, &["P"], Action::Publish, "publish the image it made, or those of what is marked"),
    quiet(Scope::Bakes, &["l"], Action::Log, "its log"),
    bar(Scope::Bakes, &["x"], Action::CancelBake, "cancel"),
    bar(Scope::Bakes, &["R"], Action::Replay, "replay"),
    quiet(Scope::Bakes, &["y"], Action::Copy, "copy the bake's ID"),
    quiet(Scope::Bakes, &["r"], Action::Refresh, "read the shelf again"),
    bar(Scope::Bakes, &["d"], Action::Compare, "diff"),
    bar(Scope::Bakes, &["v"], Action::Verify, "verify"),
    bar(Scope::Line, &["enter"], Action::Open, "keep"),
    bar(Scope::Line, &["esc"], Action::Back, "drop"),
    quiet(Scope::Line, &["up"], Action::Move(Motion::Up), "up"),
    quiet(Scope::Line, &["down"], Action::Move(Motion::Down), "down"),
    bar(Scope::Name, &["enter"], Action::Open, "write"),
    bar(Scope::Name, &["esc"], Action::Back, "leave it"),
    bar(Scope::Confirm, &["enter"], Action::Open, "choose"),
    bar(Scope::Confirm, &["y"], Action::Yes, "yes"),
    bar(Scope::Confirm, &["n", "esc", "q"], Action::Back, "no"),
    quiet(Scope::Confirm, &["left", "h", "backtab"], Action::Move(Motion::Left), "the answer before"),
    quiet(Scope::Confirm, &["right", "l", "tab"], Action::Move(Motion::Right), "the next answer"),
    bar(Scope::Picker, &["enter"], Action::Open, "choose"),
    bar(Scope::Picker, &["esc"], Action::Back, "leave it"),
    quiet(Scope::Picker, &["up", "ctrl-p"], Action::Move(Motion::Up), "up"),
    quiet(Scope::Picker, &["down", "ctrl-n"], Action::Move(Motion::Down), "down"),
    bar(Scope::Typed, &["enter"], Action::Open, "do it, once the word is typed"),
    bar(Scope::Typed, &["esc"], Action::Back, "no"),
    bar(Scope::Secret, &["enter"], Action::Open, "use it"),
    bar(Scope::Secret, &["esc"], Action::Back, "leave it"),
    bar(Scope::Palette, &["enter"], Action::Open, "do it"),
    bar(Scope::Palette, &["tab"], Action::Complete, "complete"),
    bar(Scope::Palette, &["esc"], Action::Back, "leave it"),
    quiet(Scope::Palette, &["up", "ctrl-p"], Action::Move(Motion::Up), "up"),
    quiet(Scope::Palette, &["down", "ctrl-n"], Action::Move(Motion::Down), "down"),
    quiet(Scope::Palette, &["pageup"], Action::Move(Motion::PageUp), "a page up"),
    quiet(Scope::Palette, &["pagedown"], Action::Move(Motion::PageDown), "a page down"),
    bar(Scope::Tasks, &["x"], Action::CancelBake, "cancel"),
    bar(Scope::Tasks, &["enter"], Action::Open, "go there"),
    bar(Scope::Tasks, &["esc", "w", "q"], Action::Back, "close"),
    bar(Scope::Commands, &["y"], Action::Copy, "copy"),
    bar(Scope::Commands, &["esc", "@", "q"], Action::Back, "close"),
    bar(Scope::Help, &["esc", "?", "q"], Action::Back, "close"),
    bar(Scope::List, &["/"], Action::Filter, "filter"),
    quiet(Scope::List, &["backspace"], Action::Back, "back"),
    quiet(Scope::List, &["n"], Action::NextMatch, "next match"),
    quiet(Scope::List, &["N"], Action::PreviousMatch, "match before"),
    quiet(Scope::List, &["j", "down"], Action::Move(Motion::Down), "down"),
    quiet(Scope::List, &["k", "up"], Action::Move(Motion::Up), "up"),
    quiet(Scope::List, &["h", "left"], Action::Move(Motion::Left), "left, or back"),
    quiet(Scope::List, &["l", "right"], Action::Move(Motion::Right), "right, or in"),
    quiet(Scope::List, &["g+g", "home"], Action::Move(Motion::Top), "first"),
    quiet(Scope::List, &["G", "end"], Action::Move(Motion::Bottom), "last"),
    quiet(Scope::List, &["ctrl-d"], Action::Move(Motion::HalfDown), "half a page down"),
    quiet(Scope::List, &["ctrl-u"], Action::Move(Motion::HalfUp), "half a page up"),
    quiet(Scope::List, &["pagedown", "ctrl-f"], Action::Move(Motion::PageDown), "a page down"),
    quiet(Scope::List, &["pageup", "ctrl-b"], Action::Move(Motion::PageUp), "a page up"),
    quiet(Scope::Everywhere, &["1"], Action::Go(Screen::Store), "Store"),
    quiet(Scope::Everywhere, &["2"], Action::Go(Screen::Recipes), "Recipes"),
    quiet(Scope::Everywhere, &["3"], Action::Go(Screen::Bake), "Bake"),
    quiet(Scope::Everywhere, &["4"], Action::Go(Screen::Verify), "Verify"),
    quiet(Scope::Everywhere, &["5"], Action::Go(Screen::Diff), "Diff"),
    quiet(Scope::Everywhere, &["7"], Action::Go(Screen::Bakes), "Bakes"),
    quiet(Scope::Everywhere, &["tab"], Action::NextScreen, "next screen"),
    quiet(Scope::Everywhere, &["backtab"], Action::PreviousScreen, "screen before"),
    quiet(Scope::Everywhere, &["o"], Action::OtherPane, "other pane"),
    quiet(Scope::Everywhere, &["esc"], Action::Back, "back"),
    bar(Scope::Everywhere, &["colon", "alt-:"], Action::Palette, "command"),
    bar(Scope::Everywhere, &["?"], Action::Help, "help"),
    bar(Scope::Everywhere, &["q"], Action::Quit, "leave; bakes go on"),
    quiet(Scope::Everywhere, &["w"], Action::Tasks, "what is under way"),
    quiet(Scope::Everywhere, &["@"], Action::Commands, "what was done, as commands"),
    quiet(Scope::Everywhere, &["ctrl-c"], Action::Cancel, "cancel what is in focus; twice leaves"),
    quiet(Scope::Everywhere, &["ctrl-z"], Action::Suspend, "stop until fg"),
    quiet(Scope::Everywhere, &["ctrl-l"], Action::Redraw, "draw everything anew"),
    quiet(Scope::Everywhere, &["ctrl-t"], Action::Theme, "choose a theme, trying each on"),
    quiet(Scope::Everywhere, &["plus", "="], Action::Grow, "more room for the pane with the keys"),
    quiet(Scope::Everywhere, &["_"], Action::Shrink, "less room for it"),
    quiet(Scope::Everywhere, &["M"], Action::Mouse, "release the mouse, or take it"),
];

//! What keys can ask for. Says nothing of how.

use crate::tui::screens::Screen;

/// A movement in a list or a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Motion {
    Up,
    Down,
    HalfUp,
    HalfDown,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Left,
    Right,
}

impl Motion {
    /// Where it leads from row `at` with so many rows to a page; past the end where the caller has to stop it.
    pub fn leads(self, at: usize, page: usize) -> usize {
        match self {
            Self::Up => at.saturating_sub(1),
            Self::Down => at.saturating_add(1),
            Self::HalfUp => at.saturating_sub((page / 2).max(1)),
            Self::HalfDown => at.saturating_add((page / 2).max(1)),
            Self::PageUp => at.saturating_sub(page),
            Self::PageDown => at.saturating_add(page),
            Self::Top => 0,
            Self::Bottom => usize::MAX,
            Self::Left | Self::Right => at,
        }
    }
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Moves the selection, or scrolls.
    Move(Motion),
    /// Goes to a screen.
    Go(Screen),
    /// The next screen.
    NextScreen,
    /// The one before.
    PreviousScreen,
    /// Opens what is selected.
    Open,
    /// Goes back.
    Back,
    /// Answers a question with yes.
    Yes,
    /// Other pane.
    OtherPane,
    /// Starts a filter or a search.
    Filter,
    /// The next match.
    NextMatch,
    /// The match before.
    PreviousMatch,
    /// The keys of where one is.
    Help,
    /// Anything there is, by name.
    Palette,
    /// Completes what is typed, or shows what may stand there.
    Complete,
    /// What is under way.
    Tasks,
    /// What was done, as commands.
    Commands,
    /// Leaves.
    Quit,
    /// Cancels what is in focus; a second time, leaves.
    Cancel,
    /// Stops the viewer until `fg`.
    Suspend,
    /// Draws everything anew.
    Redraw,
    /// Chooses a theme, trying each on.
    Theme,
    /// Reads again.
    Refresh,
    /// Copies what is selected.
    Copy,
    /// Gives the mouse back to the terminal, or takes it.
    Mouse,
    /// More room for the pane with the keys.
    Grow,
    /// Less.
    Shrink,
    /// Uses the selected image as a recipe's base.
    ChooseBase,
    /// Edits in place.
    Edit,
    /// Makes a new recipe, step by step.
    New,
    /// Edits in `$EDITOR`.
    EditOutside,
    /// Plans again, asking where the base's tag points now.
    Plan,
    /// Bakes.
    Bake,
    /// Hands an image on.
    Publish,
    /// The log.
    Log,
    /// The files as they change.
    Changes,
    /// Marks what is selected, or takes the mark away.
    Mark,
    /// Takes all marks away.
    Unmark,
    /// Looks into what is selected, or compares it.
    Compare,
    /// The next part of the screen.
    NextTab,
    /// The part before.
    PreviousTab,
    /// Folders that open, or paths under each other.
    Flat,
    /// Only what one owner made.
    Owner,
    /// Only what happened in one way.
    Kinds,
    /// Opens every folder.
    OpenAll,
    /// Closes every folder.
    CloseAll,
    /// Writes what is selected to a file.
    SaveAs,
    /// Sorts another way.
    Sort,
    /// A shell where something failed.
    Shell,
    /// Wraps long lines, or does not.
    Wrap,
    /// Follows the log's end, or does not.
    Follow,
    /// Stops a bake.
    CancelBake,
    /// Asks all bakes begun from here to stop.
    CancelAll,
    /// Plays a bake again.
    Replay,
    /// Takes the last change back.
    Undo,
    /// Makes it again.
    Redo,
    /// Completes what is typed; where there is nothing to complete, moves in.
    Indent,
    /// Moves lines a level in.
    IndentLines,
    /// Moves lines a level out.
    Outdent,
    /// Says what stands at the cursor means.
    Explain,
    /// Makes lines comments, or text again.
    Comment,
    /// The next problem.
    NextProblem,
    /// The problem before.
    PreviousProblem,
    /// To a line by its number.
    GoToLine,
    /// Selects everything.
    MarkAll,
    /// Removes what is selected, to be put elsewhere.
    Cut,
    /// Puts what was cut or copied there.
    Paste,
    /// Moves lines up.
    LineUp,
    /// Moves lines down.
    LineDown,
    /// Repeats lines.
    Duplicate,
    /// Removes lines.
    DeleteLine,
    /// Writes the text to its file.
    Save,
    /// Verifies an image and its bases.
    Verify,
    /// The lines that would let a check pass.
    Exception,
    /// Only what is built on something.
    Heirs,
    /// Only what something is built on, to its root.
    Roots,
    /// Puts an image on what its base is now.
    Rebase,
    /// What a base that is another one would do.
    Impact,
    /// Moves everything that is stale.
    RollOut,
    /// Goes on with what stopped.
    Resume,
    /// What was done in all workspaces, or in this one alone.
    Workspaces,
}

impl Action {
    /// Whether it changes something outside, which a read-only session does not; or what it would lead to does.
    pub fn changes(self) -> bool {
        matches!(
            self,
            Self::ChooseBase
                | Self::Edit
                | Self::New
                | Self::EditOutside
                | Self::Bake
                | Self::Publish
                | Self::SaveAs
                | Self::Shell
                | Self::CancelBake
                | Self::CancelAll
                | Self::Undo
                | Self::Redo
                | Self::Save
                | Self::Exception
                | Self::Rebase
                | Self::RollOut
                | Self::Resume
        )
    }
}

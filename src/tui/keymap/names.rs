//! The stable names of scopes and actions: what `keys:` in `config.yaml` and the palette call them. One list each; the
//! compiler asks for every new one.

use super::{Action, Motion, Scope};
use crate::tui::screens::Screen;

macro_rules! named {
    ($of:ident: $([$($value:tt)*] $name:literal),* $(,)?) => {
        impl $of {
            /// All of them.
            pub const ALL: &'static [Self] = &[$($of::$($value)*),*];

            /// Its stable name.
            pub fn name(self) -> &'static str {
                match self {
                    $($of::$($value)* => $name),*
                }
            }

            /// The one of this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

named! { Scope:
    [Everywhere] "everywhere",
    [List] "list",
    [Store] "store",
    [StoreDetail] "store.detail",
    [Recipes] "recipes",
    [RecipeDetail] "recipes.detail",
    [Editor] "editor",
    [Completion] "editor.completion",
    [EditorSearch] "editor.search",
    [Wizard] "recipes.new",
    [Bake] "bake",
    [BakeOver] "bake.over",
    [BakeFailed] "bake.failed",
    [Changes] "bake.changes",
    [BakeChecks] "bake.checks",
    [BakeEvidence] "bake.evidence",
    [Log] "bake.log",
    [Verify] "verify",
    [VerifyDetail] "verify.detail",
    [VerifyUnread] "verify.unread",
    [Diff] "diff",
    [DiffUnread] "diff.unread",
    [DiffFiles] "diff.files",
    [DiffContent] "diff.content",
    [DiffLayers] "diff.layers",
    [Lineage] "lineage",
    [LineageDetail] "lineage.detail",
    [LineageAnswer] "lineage.answer",
    [LineageOnto] "lineage.base",
    [RollOut] "lineage.roll-out",
    [RollOutRunning] "lineage.roll-out.running",
    [RollOutStopped] "lineage.roll-out.stopped",
    [RollOutDone] "lineage.roll-out.done",
    [Bakes] "bakes",
    [Line] "line",
    [Name] "name",
    [Confirm] "question",
    [Typed] "question.typed",
    [Secret] "passphrase",
    [Picker] "picker",
    [Palette] "palette",
    [Tasks] "tasks",
    [Commands] "commands",
    [Help] "help",
}

named! { Action:
    [Move(Motion::Up)] "move.up",
    [Move(Motion::Down)] "move.down",
    [Move(Motion::HalfUp)] "move.half-up",
    [Move(Motion::HalfDown)] "move.half-down",
    [Move(Motion::PageUp)] "move.page-up",
    [Move(Motion::PageDown)] "move.page-down",
    [Move(Motion::Top)] "move.top",
    [Move(Motion::Bottom)] "move.bottom",
    [Move(Motion::Left)] "move.left",
    [Move(Motion::Right)] "move.right",
    [Go(Screen::Store)] "go.store",
    [Go(Screen::Recipes)] "go.recipes",
    [Go(Screen::Bake)] "go.bake",
    [Go(Screen::Verify)] "go.verify",
    [Go(Screen::Diff)] "go.diff",
    [Go(Screen::Lineage)] "go.lineage",
    [Go(Screen::Bakes)] "go.bakes",
    [NextScreen] "next-screen",
    [PreviousScreen] "previous-screen",
    [Open] "open",
    [Back] "back",
    [Yes] "yes",
    [OtherPane] "other-pane",
    [Filter] "filter",
    [NextMatch] "next-match",
    [PreviousMatch] "previous-match",
    [Help] "help",
    [Palette] "palette",
    [Complete] "complete",
    [Tasks] "tasks",
    [Commands] "commands",
    [Quit] "quit",
    [Cancel] "cancel",
    [Suspend] "suspend",
    [Redraw] "redraw",
    [Theme] "theme",
    [Refresh] "refresh",
    [Copy] "copy",
    [Mouse] "mouse",
    [Grow] "grow",
    [Shrink] "shrink",
    [ChooseBase] "choose-base",
    [Edit] "edit",
    [New] "new",
    [EditOutside] "edit-outside",
    [Plan] "plan",
    [Bake] "bake",
    [Publish] "publish",
    [Log] "log",
    [Changes] "changes",
    [Mark] "mark",
    [Unmark] "unmark",
    [Compare] "compare",
    [NextTab] "next-tab",
    [PreviousTab] "previous-tab",
    [Flat] "flat",
    [Owner] "owner",
    [Kinds] "kinds",
    [OpenAll] "open-all",
    [CloseAll] "close-all",
    [SaveAs] "save-as",
    [Sort] "sort",
    [Shell] "shell",
    [Wrap] "wrap",
    [Follow] "follow",
    [CancelBake] "cancel-bake",
    [CancelAll] "cancel-all",
    [Replay] "replay",
    [Undo] "undo",
    [Redo] "redo",
    [Indent] "indent",
    [IndentLines] "indent-lines",
    [Outdent] "outdent",
    [Explain] "explain",
    [Comment] "comment",
    [NextProblem] "next-problem",
    [PreviousProblem] "previous-problem",
    [GoToLine] "go-to-line",
    [MarkAll] "mark-all",
    [Cut] "cut",
    [Paste] "paste",
    [LineUp] "line-up",
    [LineDown] "line-down",
    [Duplicate] "duplicate",
    [DeleteLine] "delete-line",
    [Save] "save",
    [Verify] "verify",
    [Exception] "exception",
    [Heirs] "heirs",
    [Roots] "roots",
    [Rebase] "rebase",
    [Impact] "impact",
    [RollOut] "roll-out",
    [Resume] "resume",
    [Workspaces] "workspaces",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_kebab_case_and_lead_back() {
        let scopes: BTreeSet<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
        let actions: BTreeSet<&str> = Action::ALL.iter().map(|action| action.name()).collect();
        assert_eq!((scopes.len(), actions.len()), (Scope::ALL.len(), Action::ALL.len()));
        assert!(Scope::ALL.iter().all(|scope| Scope::named(scope.name()) == Some(*scope)));
        assert!(Action::ALL.iter().all(|action| Action::named(action.name()) == Some(*action)));
        let plain = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '-' | '.'));
        assert!(scopes.iter().chain(&actions).all(plain));
    }
}

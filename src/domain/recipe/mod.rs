//! Recipes: the baker's YAML file as text, as a value, and as a list of problems. Resolves nothing, reads no file.

mod schema;

pub use schema::{
    Account, Action, Base, ConfigChange, Copy, FileTest, Healthcheck, ImagePath, ImagePathError, Lock, Mode, ModeError,
    Network, Owner, OwnerError, Packages, Recipe, Remove, Run, RunTest, Step, TestCase, TestKind, Unpack, Write,
};

//! Recipes: the baker's YAML file as text, as a value, and as a list of problems. Resolves nothing, reads no file.

pub mod assist;
mod cases;
mod config;
mod edit;
mod forms;
mod keys;
mod lint;
mod lock;
mod packages;
mod parse;
mod schema;
mod secret;
mod steps;

pub use crate::domain::yaml::{Problem, Severity};
pub use edit::{EditError, Segment, set_base, set_key, set_scalar};
pub use forms::{duration, glob, is_signal, port};
pub use keys::Table;
pub use lint::{InputFact, SecretFact, SurroundingFacts, lint};
pub use lock::{LOCK_HEADER, LockError, lock_beside};
pub use packages::{Installed, Installer, PackageNameError};
pub use parse::{KEYS, Parsed, is_recipe, parse};

pub use schema::{
    Account, Action, Base, ConfigChange, Copy, FileTest, Healthcheck, ImagePath, ImagePathError, Lock, Mode, ModeError,
    Network, Owner, OwnerError, Packages, Recipe, Remove, Run, RunTest, Step, TestCase, TestKind, Unpack, Write,
};
pub use secret::{SecretFlagError, SecretSource, is_secret_name, is_variable};

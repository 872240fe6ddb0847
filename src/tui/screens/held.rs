//! What is too large to be copied or compared: shared, and the same only where it is the very same.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Something shared between model, effects and messages.
pub struct Held<T>(Arc<T>);

impl<T> Held<T> {
    /// Takes it.
    pub fn new(it: T) -> Self {
        Self(Arc::new(it))
    }

    /// Of what is shared in another way already.
    pub fn of(shared: Arc<T>) -> Self {
        Self(shared)
    }

    /// The same, for whoever shares it in another way.
    pub fn shared(&self) -> Arc<T> {
        Arc::clone(&self.0)
    }
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> PartialEq for Held<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Held<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({:p})", Arc::as_ptr(&self.0))
    }
}

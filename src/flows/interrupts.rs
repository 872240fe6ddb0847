//! Being asked to stop while following bakes: `Ctrl-C`. Stops nothing by itself.

use crate::adapters::process::Stops;
use crate::report::{Kind, Report};

/// Requests to stop this command. While it lives, none ends the process by itself.
#[derive(Debug)]
pub struct Interrupts(Stops);

impl Interrupts {
    /// Listens from now on.
    pub fn listen() -> Result<Self, Report> {
        Stops::of_viewer().map(Self).map_err(|error| Report::new(Kind::Failed, &error))
    }

    /// Waits for the next request.
    pub async fn next(&mut self) {
        self.0.next().await;
    }
}

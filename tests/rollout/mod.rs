//! Roll-outs over real stores: what would be done is what is done, in order, within the budget, to be stopped and gone on with,
//! and whatever is killed on the way.

mod door;
mod fleet;
mod house;
mod kills;
mod process;
mod teams;

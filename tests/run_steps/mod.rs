//! Steps that run, end to end on real distributions: as root and as an ordinary user, judged by other tools.

mod distributions;

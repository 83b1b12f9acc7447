//! Who carries the requests of a server to their origin, with a credential of the vault's.
mod joint;
mod obstacles;
mod repeat;

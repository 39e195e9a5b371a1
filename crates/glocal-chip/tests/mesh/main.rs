//! Places, routes, the network of routers, energy.

mod energy;
mod made;
mod noc;
mod place;
mod reference;
mod route;

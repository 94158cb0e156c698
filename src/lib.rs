//! billing-pull
mod credentials;
mod secret;
mod sign;

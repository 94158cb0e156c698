//! billing-pull
mod credentials;
mod event;
mod exit;
mod identity;
mod json;
mod secret;
mod sign;

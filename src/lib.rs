//! billing-pull
mod api;
mod credentials;
#[doc(hidden)]
pub mod demo;
mod env;
mod event;
mod exit;
mod http;
mod identity;
mod json;
mod report;
mod retry;
mod secret;
mod sign;
mod stop;
mod window;

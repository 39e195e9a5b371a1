//! Logs on stderr, for those who ask by `RUST_LOG`; silent otherwise.

use glocal::GlocalError;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// The variable that says what is logged: `info`, `glocal=debug`, `glocal::train=trace`, ...
const VARIABLE: &str = "RUST_LOG";

/// Logs what `RUST_LOG` asks for from now on; without it nothing is set up.
///
/// # Errors
/// It says something that is no filter.
pub fn start() -> Result<(), GlocalError> {
    let Some(asked) = std::env::var(VARIABLE).ok().filter(|asked| !asked.is_empty()) else { return Ok(()) };
    let filter = EnvFilter::try_new(&asked).map_err(|error| GlocalError::Usage {
        message: format!("{VARIABLE}={asked} is no filter of logs: {error}"),
        hint: format!("set {VARIABLE} to info, debug or trace, or to one for each module, such as glocal::train=debug"),
    })?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    log.with_ansi(false).with_span_events(FmtSpan::CLOSE).init();
    Ok(())
}

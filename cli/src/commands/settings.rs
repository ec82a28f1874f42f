//! `tarn settings`: what is in force.

use crate::failure::Failure;
use crate::settings::{Settings, masked};
use crate::show;
use std::process::ExitCode;

pub(crate) fn show(settings: &Settings, json: bool) -> Result<ExitCode, Failure> {
    let value = masked(settings)?;
    if json {
        show::json(&value)?;
    } else {
        let text =
            toml::to_string_pretty(&value).map_err(|error| Failure::new(error.to_string()))?;
        show::out(&text)?;
    }
    Ok(ExitCode::SUCCESS)
}

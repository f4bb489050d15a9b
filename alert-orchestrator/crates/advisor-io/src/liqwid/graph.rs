//! How is a question of GraphQL asked, and its answer read?

use client::{Api, ApiError, Settings, SettingsError, Unread, shorten};
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::api::PROGRAM;

/// The most rows the API gives at once.
pub(super) const ROWS_MAX: usize = 100;

/// The API.
pub struct Liqwid {
    pub(super) api: Api,
}

impl Liqwid {
    /// A client of the API; nothing is sent yet.
    ///
    /// # Errors
    /// [`SettingsError`] where the address cannot be asked.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        Ok(Self { api: Api::new(PROGRAM, "Liqwid", settings)? })
    }

    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        query: &str,
        variables: Value,
        until: Instant,
    ) -> Result<T, ApiError> {
        let body = json!({"query": query, "variables": variables}).to_string();
        let request = |http: &reqwest::Client| {
            http.post(self.api.url().clone()).header(CONTENT_TYPE, "application/json").body(body.clone())
        };
        self.api.ask(request, read_data, until).await
    }
}

#[derive(Deserialize)]
struct Errors {
    errors: Option<Vec<Option<GraphError>>>,
}

#[derive(Deserialize)]
struct GraphError {
    message: Option<String>,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

/// The data of an answer. With errors they are null or incomplete, whatever the status says, so errors are looked for first.
pub(super) fn read_data<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unread> {
    let Errors { errors } = client::read(body)?;
    if let Some(errors) = errors.filter(|errors| !errors.is_empty()) {
        let messages = errors.into_iter().flatten().filter_map(|error| error.message);
        let messages: Vec<String> = messages.map(|message| shorten(&message)).collect();
        return Err(Unread::Unusable(format!("answered with errors: {}", shorten(&messages.join("; ")))));
    }
    let Answer { data } = client::read(body)?;
    Ok(data)
}

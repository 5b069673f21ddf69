//! A request as the core sees it, whatever carried it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::proxmox::codec::percent_decode;
use crate::proxmox::schema::Value;

/// One HTTP request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub verb: String,
    /// The raw path after `/api2/json`, still percent-encoded.
    pub path: String,
    /// The raw query.
    pub query: String,
    /// The Authorization header.
    pub authorization: Option<String>,
    /// The Cookie header.
    pub cookie: Option<String>,
    /// The CSRFPreventionToken header.
    pub csrf: Option<String>,
    /// What it carries.
    pub body: Body,
}

/// What a request carries.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// A form (`a=1&b=2`).
    Form(String),
    /// A JSON object.
    Json(Json),
    /// A form with a file.
    Upload(Vec<(String, String)>, Option<File>),
}

/// A file that was uploaded.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Its name, as sent.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Request {
    /// A request with parameters in the place where PVE looks for them.
    #[must_use]
    pub fn new(verb: &str, path: &str, parameters: &[(&str, &str)]) -> Self {
        let encode = crate::proxmox::codec::percent_encode;
        let pairs: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let form = pairs.join("&");
        let in_query = ["GET", "DELETE"].contains(&verb);
        let (query, body) = match in_query {
            true => (form, Body::Empty),
            false => (String::new(), Body::Form(form)),
        };
        Self {
            verb: verb.to_owned(),
            path: path.to_owned(),
            query,
            body,
            ..Self::default()
        }
    }

    /// Every parameter that was sent; a name that comes twice is a list.
    pub(crate) fn parameters(&self) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        let mut pairs = pairs(&self.query);
        match &self.body {
            Body::Empty => {}
            Body::Form(text) => pairs.extend(self::pairs(text)),
            Body::Upload(fields, file) => {
                pairs.extend(fields.iter().cloned());
                let name = file.as_ref().map(|file| file.name.clone());
                pairs.extend(name.map(|name| ("filename".to_owned(), name)));
            }
            Body::Json(json) => {
                for (name, value) in json.as_object().into_iter().flatten() {
                    found.insert(name.clone(), from_json(value));
                }
            }
        }
        for (name, value) in pairs {
            add(&mut found, name, value);
        }
        found
    }
}

fn add(found: &mut BTreeMap<String, Value>, name: String, value: String) {
    let joined = match found.remove(&name) {
        None => Value::One(value),
        Some(Value::One(first)) => Value::Many(vec![first, value]),
        Some(Value::Many(mut values)) => {
            values.push(value);
            Value::Many(values)
        }
    };
    found.insert(name, joined);
}

fn pairs(form: &str) -> Vec<(String, String)> {
    let parts = form.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (percent_decode(name, true), percent_decode(value, true))
        })
        .collect()
}

fn scalar(value: &Json) -> String {
    match value {
        Json::Bool(flag) => u8::from(*flag).to_string(),
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

fn from_json(value: &Json) -> Value {
    match value {
        Json::Array(values) => Value::Many(values.iter().map(scalar).collect()),
        value => Value::One(scalar(value)),
    }
}

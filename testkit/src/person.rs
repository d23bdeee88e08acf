//! Somebody who has registered, and talks to the API with the tokens that it gave them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Answer, TestApp};

/// What everybody logs in with.
pub const PASSWORD: &str = "a stage in the old town";

/// Somebody who talks to the API with the tokens that it gave them.
pub struct Person<'a> {
    app: &'a TestApp,
    /// What they log in with.
    pub email: String,
    /// Whose bookings theirs are.
    pub customer_id: String,
    /// What gets them further access tokens.
    pub session_token: String,
    /// What they call the API with.
    pub access_token: String,
}

impl<'a> Person<'a> {
    /// Registers somebody new.
    pub async fn register(app: &'a TestApp) -> Self {
        let email = format!("{}@example.org", Uuid::new_v4().simple());
        let body = json!({ "name": "Ada Lovelace", "email": email, "password": PASSWORD });
        let entered = send(app, Method::POST, "/accounts", None, Some(body)).await;
        assert_eq!(entered.status, StatusCode::CREATED, "{entered:?}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            app,
            email,
            customer_id: text(&entered.body["customerId"]),
            session_token: text(&entered.body["sessionToken"]),
            access_token: text(&entered.body["access"]["accessToken"]),
        }
    }

    /// A request with their access token.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        request(self.app, method, path).bearer_auth(&self.access_token)
    }

    /// Sends a request with their access token.
    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        send(self.app, method, path, Some(&self.access_token), body).await
    }

    /// Sends a change of what they have seen in the version with this tag.
    pub async fn send_if_match(&self, method: Method, path: &str, tag: &str, body: &Value) -> Answer {
        self.app.buyer().send(self.request(method, path).header("If-Match", tag).json(body)).await
    }

    /// Sends text with their access token.
    pub async fn send_text(&self, method: Method, path: &str, text: &str) -> Answer {
        self.send_as(method, path, "text/plain", text).await
    }

    /// Sends text of another content type with their access token.
    pub async fn send_as(&self, method: Method, path: &str, content_type: &str, text: &str) -> Answer {
        let request = self.request(method, path).header("Content-Type", content_type);
        self.app.buyer().send(request.body(text.to_owned())).await
    }

    /// Gets another access token.
    pub async fn renew(&mut self) -> Answer {
        let body = json!({ "sessionToken": self.session_token });
        let renewed = send(self.app, Method::POST, "/sessions/renew", None, Some(body)).await;
        if renewed.status == StatusCode::OK {
            self.access_token = renewed.body["accessToken"].as_str().unwrap().to_owned();
        }
        renewed
    }

    /// Founds a partner, and gives its id.
    pub async fn found(&mut self, name: &str) -> String {
        let founded = self.send(Method::POST, "/partners", Some(json!({ "name": name }))).await;
        assert_eq!(founded.status, StatusCode::CREATED, "{founded:?}");
        assert_eq!(founded.body["role"], "owner");
        self.renew().await;
        founded.body["id"].as_str().unwrap().to_owned()
    }
}

/// A request under `/api/v1`, of nobody.
pub fn request(app: &TestApp, method: Method, path: &str) -> reqwest::RequestBuilder {
    app.world.http().request(method, format!("{}/api/v1{path}", app.addresses.api))
}

/// Sends a request under `/api/v1`, with a token or without.
pub async fn send(app: &TestApp, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
    let mut request = request(app, method, path);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    app.buyer().send(request).await
}

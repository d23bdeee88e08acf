//! The payment page as HTML: what a customer sees of an intent. Everything that is not ours is escaped.

use std::fmt::Write;

use domain::money::Money;
use domain::payment::IntentState;

use super::cards::TEST_CARDS;
use super::error::SimulatorError;
use super::wire::IntentOut;

const TEMPLATE: &str = include_str!("page.html");

/// A page with the policy that it has to be served with.
#[derive(Debug, Clone)]
pub struct PaymentPage {
    /// The document.
    pub html: String,
    /// The value of the header `Content-Security-Policy`: no scripts, nothing from elsewhere, only its own style.
    pub content_security_policy: String,
}

impl PaymentPage {
    /// The page of an intent in its present state. `delay` is handed on with the card; `notice` says what went wrong
    /// with the last try.
    pub fn of(intent: &IntentOut, secret: &str, delay: Option<f64>, notice: Option<&str>) -> Self {
        let mut body = String::new();
        let amount = Money::new(intent.amount_minor, intent.currency);
        let _ =
            write!(body, "<h1>{}</h1><p class=\"amount\">{}</p>", heading(intent.state), escape(&amount.to_string()));
        if let Some(notice) = notice {
            let _ = write!(body, "<p class=\"bad\" role=\"alert\">{}</p>", escape(notice));
        }
        match intent.state {
            IntentState::RequiresPayment => card_form(&mut body, intent, secret, delay),
            IntentState::RequiresAction => second_step_form(&mut body, intent, secret),
            IntentState::Processing => body.push_str(
                "<p role=\"status\">Your bank has not answered yet. This page looks again every two seconds.</p>",
            ),
            IntentState::Succeeded => {
                body.push_str(
                    "<p class=\"good\" role=\"status\">The payment was received. You may close this page.</p>",
                );
            }
            IntentState::Cancelled => body.push_str(
                "<p class=\"bad\" role=\"status\">This payment was cancelled. Nothing was or will be charged.</p>",
            ),
        }
        let booking = intent.metadata.get("booking_id").map_or("", String::as_str);
        let _ = write!(
            body,
            "<p class=\"soft\">This is a simulated payment: no real money moves, and no real card is accepted.<br>\
             Payment {} {}</p>",
            escape(&intent.id),
            escape(booking),
        );
        Self::render("Payment", &body, intent.state == IntentState::Processing)
    }

    fn render(title: &str, body: &str, refreshing: bool) -> Self {
        let nonce = uuid::Uuid::new_v4().simple().to_string();
        let refresh = if refreshing { "<meta http-equiv=\"refresh\" content=\"2\">" } else { "" };
        // The body comes last, so that nothing in it is taken for a placeholder.
        let html = TEMPLATE
            .replace("{{nonce}}", &nonce)
            .replace("{{refresh}}", refresh)
            .replace("{{title}}", &escape(title))
            .replace("{{body}}", body);
        let content_security_policy = format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        Self { html, content_security_policy }
    }
}

/// The page for somebody who has no right to see an intent, or asks for none that exists.
pub fn refusal_page(error: &SimulatorError) -> PaymentPage {
    let body = format!(
        "<h1>This payment cannot be shown</h1><p class=\"bad\" role=\"alert\">{}</p>",
        escape(&error.to_string())
    );
    PaymentPage::render("Payment", &body, false)
}

const fn heading(state: IntentState) -> &'static str {
    match state {
        IntentState::RequiresPayment => "Pay for your booking",
        IntentState::RequiresAction => "One more step",
        IntentState::Processing => "Processing",
        IntentState::Succeeded => "Paid",
        IntentState::Cancelled => "Cancelled",
    }
}

fn card_form(body: &mut String, intent: &IntentOut, secret: &str, delay: Option<f64>) {
    if let Some(code) = &intent.decline_code {
        let card = intent.card_last_digits.as_deref().unwrap_or("????");
        let _ = write!(
            body,
            "<p class=\"bad\" role=\"alert\">The card ending in {} was declined ({}). You may try another one.</p>",
            escape(card),
            escape(code),
        );
    }
    let delay =
        delay.map(|seconds| format!("<input type=\"hidden\" name=\"delay\" value=\"{seconds}\">")).unwrap_or_default();
    // The addresses are relative to the page's own, so it works behind any prefix.
    let _ = write!(
        body,
        "<form method=\"post\" action=\"{id}\"><input type=\"hidden\" name=\"secret\" value=\"{secret}\">\
         {delay}<label for=\"card\">Card number</label>\
         <input id=\"card\" name=\"card\" value=\"4242 4242 4242 4242\" inputmode=\"numeric\" autocomplete=\"off\" \
         list=\"cards\" maxlength=\"23\"><datalist id=\"cards\">",
        id = escape(&intent.id),
        secret = escape(secret),
    );
    for card in TEST_CARDS {
        let _ = write!(body, "<option value=\"{}\">{}</option>", card.grouped(), escape(card.does));
    }
    body.push_str(
        "</datalist><button class=\"wide\">Pay</button><h2>Or choose a test card</h2>\
         <table><thead><tr><th scope=\"col\">Number</th><th scope=\"col\">What it does</th></tr></thead><tbody>",
    );
    for card in TEST_CARDS {
        let _ = write!(
            body,
            "<tr><td><button class=\"number\" name=\"choice\" value=\"{}\">{}</button></td><td>{}</td></tr>",
            card.number,
            card.grouped(),
            escape(card.does),
        );
    }
    body.push_str("</tbody></table></form>");
}

fn second_step_form(body: &mut String, intent: &IntentOut, secret: &str) {
    let _ = write!(
        body,
        "<p>Your bank asks you to confirm this payment.</p>\
         <form method=\"post\" action=\"{id}/second-step\"><input type=\"hidden\" name=\"secret\" value=\"{secret}\">\
         <div class=\"row\"><button name=\"approve\" value=\"true\">Approve</button>\
         <button class=\"second\" name=\"approve\" value=\"false\">Refuse</button></div></form>",
        id = escape(&intent.id),
        secret = escape(secret),
    );
}

/// Text as it may stand in HTML, in an element or in a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;
    use jiff::Timestamp;

    use super::*;
    use crate::simulator::wire::Metadata;

    #[test]
    fn nothing_foreign_becomes_markup() {
        let evil = "\"><script>alert('1')</script>&";
        for state in IntentState::ALL {
            let intent = IntentOut {
                id: evil.to_owned(),
                state,
                amount_minor: 1250,
                currency: Currency::EUR,
                captured_minor: 0,
                refunded_minor: 0,
                decline_code: Some(evil.to_owned()),
                card_last_digits: Some(evil.to_owned()),
                payment_page: None,
                metadata: Metadata::from([("booking_id".to_owned(), evil.to_owned())]),
                idempotency_key: evil.to_owned(),
                created_at: Timestamp::UNIX_EPOCH,
            };
            let page = PaymentPage::of(&intent, evil, Some(1.5), Some(evil));
            assert!(!page.html.contains("<script"), "{}", page.html);
            assert!(!page.html.contains("{{"), "{}", page.html);
            assert!(page.html.contains("12.50 EUR"));
            assert!(page.html.contains("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;"));
        }
    }
}

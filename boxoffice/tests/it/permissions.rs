//! Who may do what: every operation of the document with every role and with none.

use reqwest::{Method, StatusCode};
use serde_json::Value;
use testkit::TestApp;
use testkit::person::Person;

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// Everybody, without a token.
    Everybody,
    /// Whoever has a token, for what is theirs.
    Callers,
    /// Operators.
    Admins,
}

use Audience::{Admins, Callers, Everybody};

/// Every operation by its name in the document, and a body that can be read where it takes one.
const OPERATIONS: &[(&str, Audience, &str)] = &[
    ("register", Everybody, "{}"),
    ("logIn", Everybody, "{}"),
    ("renewSession", Everybody, "{}"),
    ("getAccount", Callers, ""),
    ("changePassword", Callers, "{}"),
    ("listSessions", Callers, ""),
    ("endSession", Callers, ""),
    ("getContact", Callers, ""),
    ("putContact", Callers, "{}"),
    ("deleteContact", Callers, ""),
    ("foundPartner", Callers, "{}"),
    ("listPartners", Callers, ""),
    ("listMembers", Callers, ""),
    ("putMember", Callers, r#"{"email": "ada@example.org", "role": "staff"}"#),
    ("removeMember", Callers, ""),
    ("createVenue", Callers, "{}"),
    ("listVenues", Callers, ""),
    ("getVenue", Callers, ""),
    ("updateVenue", Callers, "{}"),
    ("deleteVenue", Callers, ""),
    ("createHall", Callers, "{}"),
    ("listHalls", Callers, ""),
    ("getHall", Callers, ""),
    ("updateHall", Callers, "{}"),
    ("deleteHall", Callers, ""),
    ("createEvent", Callers, "{}"),
    ("listEventsOfPartner", Callers, ""),
    ("getEvent", Everybody, ""),
    ("updateEvent", Callers, "{}"),
    ("deleteEvent", Callers, ""),
    ("drawHall", Callers, "{}"),
    ("getHallSeats", Callers, ""),
    ("createShow", Callers, "{}"),
    ("importCatalogue", Callers, "{}"),
    ("updateShow", Callers, "{}"),
    ("deleteShow", Callers, ""),
    ("allocateSeats", Callers, "{}"),
    ("cancelShow", Callers, "{}"),
    ("getShowCancellation", Callers, ""),
    ("listShowBookings", Callers, ""),
    ("createOffer", Callers, "{}"),
    ("listOffers", Callers, ""),
    ("getOffer", Callers, ""),
    ("updateOffer", Callers, "{}"),
    ("getFeeTerms", Callers, ""),
    ("putFeeTerms", Admins, "{}"),
    ("getEarnings", Callers, ""),
    ("createBooking", Callers, "{}"),
    ("listBookings", Callers, ""),
    ("getBooking", Callers, ""),
    ("getBookingSeats", Callers, ""),
    ("getBookingTimeline", Callers, ""),
    ("cancelBooking", Callers, ""),
    ("verifyPayment", Callers, ""),
    ("quoteSeats", Everybody, "{}"),
    ("listCities", Everybody, ""),
    ("listEvents", Everybody, ""),
    ("listTimes", Everybody, ""),
    ("listShows", Everybody, ""),
    ("getShow", Everybody, ""),
    ("getShowSeats", Everybody, ""),
    ("getShowAvailability", Everybody, ""),
    ("followShowAvailability", Everybody, ""),
    ("receiveWebhook", Everybody, "{}"),
    ("listPaymentEvents", Admins, ""),
    ("listLocks", Admins, ""),
    ("repairBooking", Admins, r#"{"action": "retry", "note": "try once more"}"#),
    ("listMessages", Admins, ""),
    ("listDeadLetters", Admins, ""),
    ("listNotices", Admins, ""),
    ("getLiveness", Everybody, ""),
    ("getReadiness", Everybody, ""),
    // Last, for the caller is nobody any more.
    ("endSessions", Callers, ""),
    ("logOut", Callers, ""),
];

/// An operation of the document.
struct Operation {
    name: String,
    method: Method,
    /// With the ids of nothing that exists.
    path: String,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&api::document()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let mut path = path.clone();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                let nothing = parameter["schema"]["example"].as_str().unwrap_or("simulator");
                path = path.replace(&format!("{{{name}}}"), nothing);
            }
            let name = operation["operationId"].as_str().unwrap().to_owned();
            operations.push(Operation { name, method: method.to_uppercase().parse().unwrap(), path });
        }
    }
    operations
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_open_to_whom_it_says() {
    let app = TestApp::start().await;
    let customer = Person::register(&app).await;
    let mut member = Person::register(&app).await;
    member.found("The Old Stage").await;
    let mut admin = Person::register(&app).await;
    let email = domain::contact::EmailAddress::parse(&admin.email).unwrap();
    assert!(app.store.set_admin(&email, true).await.unwrap());
    admin.renew().await;

    let operations = operations();
    for operation in &operations {
        let is_known = OPERATIONS.iter().any(|(name, ..)| *name == operation.name);
        assert!(is_known, "nobody has said who may call {}", operation.name);
    }
    let callers = [
        ("nobody", None),
        ("a customer", Some(&customer.access_token)),
        ("a member of a partner", Some(&member.access_token)),
        ("an operator", Some(&admin.access_token)),
    ];
    for (caller, token) in callers {
        for (name, open, body) in OPERATIONS {
            let operation = operations.iter().find(|operation| operation.name == *name).unwrap();
            let url = format!("{}{}", app.addresses.api, operation.path);
            let mut request = app.world.http().request(operation.method.clone(), url);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            if !body.is_empty() {
                request = request.header("Content-Type", "application/json").body(*body);
            }
            let status = request.send().await.unwrap().status();
            let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
            let as_it_should = match (open, caller) {
                (Callers | Admins, "nobody") => status == StatusCode::UNAUTHORIZED,
                (Admins, "a customer" | "a member of a partner") => status == StatusCode::FORBIDDEN,
                // The last of all has logged out with the one before.
                _ if *name == "logOut" => status == StatusCode::UNAUTHORIZED,
                _ => !refused && !status.is_server_error(),
            };
            assert!(as_it_should, "{name} is answered {status} for {caller}");
        }
    }
    app.finish().await;
}

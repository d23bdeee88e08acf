//! Looking around without an account.

use reqwest::{Method, StatusCode};
use serde_json::json;
use testkit::TestApp;
use testkit::person::{Person, request, send};

use crate::planning::create;

#[tokio::test(flavor = "multi_thread")]
async fn somebody_finds_a_show_in_a_city_on_a_day() {
    let app = TestApp::start().await;
    let cities = send(&app, Method::GET, "/cities", None, None).await;
    assert_eq!(cities.status, StatusCode::OK);
    let city = cities.body["items"][0]["name"].as_str().unwrap().to_uppercase();

    let events = send(&app, Method::GET, &format!("/events?city={city}"), None, None).await;
    let first = &events.body["items"][0];
    assert!(first["shows"].as_i64().unwrap() > 0 && first["title"].is_string(), "{events:?}");
    let day = first["firstStartsAt"].as_str().unwrap()[..10].to_owned();
    let of_day = send(&app, Method::GET, &format!("/events?city={city}&date={day}"), None, None).await;
    assert!(!of_day.body["items"].as_array().unwrap().is_empty(), "{of_day:?}");
    let event = first["event"]["id"].as_str().unwrap();
    let times = send(&app, Method::GET, &format!("/events/{event}/times?city={city}&date={day}"), None, None).await;
    let show = &times.body["items"][0]["shows"][0];
    assert_eq!(show["localTime"].as_str().unwrap().len(), 5, "{times:?}");
    let found = send(&app, Method::GET, &format!("/shows/{}", show["showId"].as_str().unwrap()), None, None).await;
    assert_eq!(found.body["event"]["id"], first["event"]["id"]);

    let tag = events.headers["etag"].to_str().unwrap();
    let asking = request(&app, Method::GET, &format!("/events?city={city}")).header("If-None-Match", tag);
    let known = app.buyer().send(asking).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    let none = send(&app, Method::GET, "/events?city=Atlantis", None, None).await;
    assert_eq!(none.body["items"], json!([]));
    for (query, field) in [("date=tomorrow", "date"), ("limit=0", "limit"), ("cursor=zz", "cursor"), ("text=", "text")]
    {
        let refused = send(&app, Method::GET, &format!("/events?{query}"), None, None).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, "invalid_parameter"), "{query}");
        assert_eq!(refused.body["field"], field);
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_are_in_the_language_that_the_client_reads() {
    let app = TestApp::start().await;
    let mut ada = Person::register(&app).await;
    let partner = ada.found("The Old Stage").await;
    let titles = json!({ "en": "The Magic Flute", "de": "Die Zauberflöte", "fr-CA": "La Flûte enchantée" });
    let event = json!({ "kind": "play", "titles": titles, "durationMinutes": 150 });
    let event_id = create(&ada, &format!("/partners/{partner}/events"), event).await;
    let event = app.store.find_event(event_id.parse().unwrap()).await.unwrap().unwrap();
    let title = |wanted: &str| {
        let wanted: Vec<_> = wanted.split(',').filter_map(|tag| domain::contact::Locale::parse(tag).ok()).collect();
        event.content.title(&wanted).unwrap().1.to_owned()
    };
    assert_eq!(title("de-AT"), "Die Zauberflöte");
    assert_eq!(title("it,fr"), "La Flûte enchantée");
    assert_eq!(title("it"), "The Magic Flute");
    app.finish().await;
}

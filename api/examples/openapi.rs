//! Prints the OpenAPI document: `docs/openapi.json` is what it printed last.

fn main() {
    print!("{}", api::document());
}

//! Deadlines and limits, each with its unit last and the reason for its size. Related ones are tied together.

/// How long seats are held for a customer to pay, where the show does not say otherwise (product A4: 5 minutes).
pub const HOLD_SECONDS: i64 = 5 * 60;

/// The longest that seats stay held, counted from opening, whatever the payment provider says (product A7).
pub const HARD_CAP_SECONDS: i64 = 15 * 60;

/// How much longer each `processing` answer of the provider holds the seats, up to the hard cap.
pub const PROCESSING_EXTENSION_SECONDS: i64 = 2 * 60;

/// How often a payment that is `processing` is read again while its webhook is awaited.
pub const PROCESSING_POLL_SECONDS: i64 = 10;

/// How much longer than the database's hold a seat lock lives, so that the lock never ends first.
pub const LOCK_GRACE_SECONDS: i64 = 30;

/// How long the lock taken at the edge lives until the saga extends it: as long as the engine may take to come to it when
/// everybody wants to buy at once, so that nobody else is let through to the seats meanwhile.
pub const EDGE_CLAIM_SECONDS: i64 = 30;

/// How long a released booking's lock tombstone refuses a late lock; longer than any lock step may take.
pub const LOCK_TOMBSTONE_SECONDS: i64 = 10 * 60;

/// How far past its deadline a hold may be seen before the promise is broken (promise P4).
pub const HOLD_OVERRUN_SECONDS: i64 = 60;

/// How far past its deadline a hold is before the sweep looks for the saga that should have freed it.
pub const OVERDUE_SWEEP_SECONDS: i64 = 20;

/// The most seats in one booking (product A1).
pub const SEATS_PER_BOOKING: usize = 10;

/// The most seats in one hall: what the largest stadiums have. An upload of as many is some 6 MB, read in one piece.
pub const SEATS_PER_HALL: usize = 100_000;

/// The most sections in one hall: more than a house has parts with names of their own, few enough to list on one page.
pub const SECTIONS_PER_HALL: usize = 100;

/// The most rows in one hall: one for every 20 seats of the largest, laid out one behind the other within the seat map.
pub const ROWS_PER_HALL: usize = 5_000;

/// The most seats in one row, aisles or not: several times what a stadium has between two of its stairs.
pub const SEATS_PER_ROW: usize = 1_000;

/// The longest name of a section, row or seat, in characters: one line on a ticket.
pub const SEAT_NAME_CHARACTERS: usize = 32;

/// How far a seat map reaches from its front left corner, in seat widths to the right and in row depths to the back:
/// twice as far as the largest hall that is laid out.
pub const SEAT_MAP_EDGE: u32 = 10_000;

/// The most complaints about a seat map that are listed: more than anybody corrects before trying again.
pub const SEAT_MAP_FAULTS: usize = 50;

/// The most things of one import: what a house plans in several years.
pub const THINGS_PER_IMPORT: usize = 5_000;

/// The most seats of a hall that is imported, and of a list of seats that are sold elsewhere: a large hall. Those that
/// have more are drawn one by one.
pub const SEATS_PER_IMPORTED_HALL: usize = 20_000;

/// The most seats that one import writes: those of every large hall of a city, or of one of them for a month of shows.
/// Each is a row; so many are a few minutes of work for the database.
pub const SEATS_PER_IMPORT: usize = 500_000;

/// The longest reason for calling a show off, in characters.
pub const REASON_CHARACTERS: usize = 500;

/// The most open holds of one customer on one show (product A1).
pub const OPEN_HOLDS_PER_CUSTOMER_AND_SHOW: i32 = 2;

/// The most payment attempts for one booking; the deadline usually comes first.
pub const PAYMENT_ATTEMPTS: u32 = 5;

/// The most uses of the code of an offer: a booking of its own for every seat of the largest hall. Each is a row, written
/// with the offer.
pub const USES_PER_OFFER: u32 = 100_000;

/// The longest accepted `Idempotency-Key`, in characters.
pub const IDEMPOTENCY_KEY_CHARACTERS: usize = 255;

/// How old a webhook's timestamp may be, in either direction.
pub const WEBHOOK_TOLERANCE_SECONDS: i64 = 5 * 60;

/// How long an access token is good for: what an account has lost meanwhile it can still read, and nothing else
/// (product D3: 15 minutes).
pub const ACCESS_TOKEN_SECONDS: i64 = 15 * 60;

/// How long somebody stays logged in who does not come back.
pub const SESSION_SECONDS: i64 = 30 * 24 * 60 * 60;

/// The longest that somebody stays logged in without giving the password again.
pub const SESSION_CAP_SECONDS: i64 = 180 * 24 * 60 * 60;

/// The most members of a partner.
pub const MEMBERS_PER_PARTNER: i64 = 200;

const _: () = assert!(ACCESS_TOKEN_SECONDS < SESSION_SECONDS && SESSION_SECONDS < SESSION_CAP_SECONDS);
const _: () = assert!(HOLD_SECONDS < HARD_CAP_SECONDS, "a hold must be able to end before the hard cap");
const _: () = assert!(OVERDUE_SWEEP_SECONDS < HOLD_OVERRUN_SECONDS, "the sweep must act within the promise");
const _: () = assert!(PROCESSING_POLL_SECONDS < PROCESSING_EXTENSION_SECONDS, "an extension must be worth a read");
const _: () = assert!(LOCK_GRACE_SECONDS > OVERDUE_SWEEP_SECONDS, "a lock must outlive the hold it stands for");
const _: () = assert!(SEATS_PER_IMPORTED_HALL <= SEATS_PER_HALL, "what is imported must be possible by hand");
const _: () = assert!(SEATS_PER_HALL <= SEATS_PER_IMPORT, "a show in the largest hall must be importable");
const _: () = assert!(SEATS_PER_BOOKING <= SEATS_PER_ROW, "a booking must be able to sit together");
const _: () = assert!(2 * SEATS_PER_ROW <= SEAT_MAP_EDGE as usize, "a row with an aisle after each seat must fit");
const _: () = assert!(2 * ROWS_PER_HALL <= SEAT_MAP_EDGE as usize, "rows laid out behind each other must fit");

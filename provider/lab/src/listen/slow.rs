//! A body that comes in drops.

use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;

use super::Body;

/// How many bytes a drop has.
const DROP: usize = 512;

/// Sends a body in drops, with a pause before each.
pub(super) fn slow(body: Body, pause: Duration) -> Body {
    let drops = stream::unfold(
        (body, Bytes::new()),
        move |(mut body, mut rest)| async move {
            while rest.is_empty() {
                match body.frame().await? {
                    Ok(frame) => rest = frame.into_data().unwrap_or_default(),
                    Err(error) => return Some((Err(error), (body, rest))),
                }
            }
            tokio::time::sleep(pause).await;
            let drop = rest.split_to(DROP.min(rest.len()));
            Some((Ok(Frame::data(drop)), (body, rest)))
        },
    );
    StreamBody::new(drops).boxed_unsync()
}

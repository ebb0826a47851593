//! Tests of the comment.

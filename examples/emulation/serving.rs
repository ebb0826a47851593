//! A server on the loopback address, on the caller's runtime or on a thread of its own. Knows no answers.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use tokio::sync::oneshot;

use super::line::{Cut, Lines};

/// What answers the requests.
pub trait Serve: Clone + Send + Sync + 'static {
    /// Answers one request, whose connection can be cut.
    fn handle(self, cut: Cut, request: Request) -> impl Future<Output = Response> + Send;
}

/// A running server; dropping it stops it.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// Starts on a port, on the runtime of the caller; 0 takes a free one.
    pub async fn start_on<S: Serve>(port: u16, make: impl FnOnce(SocketAddr) -> S) -> io::Result<(S, Self)> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let service = make(address);
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(serve(Lines(listener), service.clone(), async {
            let _ = stopped.await;
        }));
        Ok((service, Self { address, stop: Some(stop), thread: None }))
    }

    /// Starts on a free port, on a thread of this name, for callers without a runtime.
    pub fn start_in_thread<S: Serve>(name: &str, make: impl FnOnce(SocketAddr) -> S) -> io::Result<(S, Self)> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let service = make(address);
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = service.clone();
        let listener = {
            let _inside = runtime.enter();
            Lines(tokio::net::TcpListener::from_std(listener)?)
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(async {
                // Every connection ends with the runtime, which ends with this thread.
                tokio::spawn(serve(listener, served, std::future::pending()));
                let _ = stopped.await;
            });
        })?;
        Ok((service, Self { address, stop: Some(stop), thread: Some(thread) }))
    }

    /// Returns where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Serves until `stopped` is ready, and then ends what is under way.
async fn serve<S: Serve>(lines: Lines, service: S, stopped: impl Future<Output = ()> + Send + 'static) {
    let service = Router::new().fallback(handle::<S>).with_state(service).into_make_service_with_connect_info::<Cut>();
    // Accepting never fails, and errors of a connection are the client's to see.
    let _ = axum::serve(lines, service).with_graceful_shutdown(stopped).await;
}

async fn handle<S: Serve>(State(service): State<S>, ConnectInfo(cut): ConnectInfo<Cut>, request: Request) -> Response {
    service.handle(cut, request).await
}

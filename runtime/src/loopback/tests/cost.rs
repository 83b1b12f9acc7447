//! What the proxy takes: memory and time.

use super::*;

/// How much memory this process has, in KiB.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// How large the bodies are, in MiB: `LOOPBACK_MIB` for a longer test by hand.
#[cfg(target_os = "linux")]
fn mebibytes() -> usize {
    let given = std::env::var("LOOPBACK_MIB").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(256)
}

/// Set in the process that has the memory to itself.
#[cfg(target_os = "linux")]
const ALONE: &str = "LOOPBACK_ALONE";

#[cfg(target_os = "linux")]
#[test]
fn a_large_body_takes_no_memory_either_way() {
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        return runtime.block_on(large_bodies());
    }
    // The other tests of this process take memory meanwhile.
    let name = std::thread::current().name().unwrap().to_owned();
    let alone = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture", "--test-threads=1"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&alone.stderr);
    eprintln!("{said}");
    assert!(alone.status.success(), "{said}");
    assert!(said.contains("MiB each way"), "{said}");
}

#[cfg(target_os = "linux")]
async fn large_bodies() {
    const BLOCK: usize = 1 << 16;
    let total = mebibytes() << 20;
    let received = Arc::new(AtomicUsize::new(0));
    let address = {
        let received = Arc::clone(&received);
        origin(move |mut stream| {
            let received = Arc::clone(&received);
            async move {
                let (_, body) = head(&mut stream).await.unwrap();
                let mut count = body.len();
                let mut block = vec![0; BLOCK];
                while count < total {
                    count += stream.read(&mut block).await.unwrap();
                }
                received.store(count, Ordering::SeqCst);
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {total}\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                for _ in 0..total / BLOCK {
                    stream.write_all(&block).await.unwrap();
                }
            }
        })
        .await
    };
    let route = Way::to(&address, LIMITS).await;
    let mut stream = route.connect().await;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\nConnection: close\r\nContent-Length: {total}\r\n\r\n"
    );
    let before = resident();
    let mut most = before;
    let begun = std::time::Instant::now();
    stream
        .write_all(route.filled(&head).as_bytes())
        .await
        .unwrap();
    let mut block = vec![1; BLOCK];
    for index in 0..total / BLOCK {
        stream.write_all(&block).await.unwrap();
        if index % 64 == 0 {
            most = most.max(resident());
        }
    }
    let mut count = 0;
    for index in 0.. {
        match stream.read(&mut block).await.unwrap() {
            0 => break,
            more => count += more,
        }
        if index % 64 == 0 {
            most = most.max(resident());
        }
    }
    assert_eq!(received.load(Ordering::SeqCst), total);
    assert!(count > total && count < total + 1000, "{count}");
    let grown = most.saturating_sub(before) >> 10;
    eprintln!(
        "{} MiB each way: {:?}, {grown} MiB more",
        total >> 20,
        begun.elapsed()
    );
    assert!(grown < 24, "{grown} MiB");
}

/// What the proxy adds to a call, for a look by hand.
#[tokio::test]
async fn a_call_through_the_proxy_is_hardly_slower() {
    let (address, mut heard) = answering(OK).await;
    let drained = tokio::spawn(async move { while heard.recv().await.is_some() {} });
    let route = Way::to(&address, LIMITS).await;
    let direct = TcpStream::connect(address.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let proxied = route.connect().await;
    let request = route.filled("GET /x HTTP/1.1\r\nHost: HOST\r\nX-Api-Key: KEY\r\n\r\n");
    let mut medians = Vec::new();
    for mut stream in [direct, proxied] {
        stream.set_nodelay(true).unwrap();
        let mut times = Vec::new();
        for _ in 0..200 {
            let begun = std::time::Instant::now();
            stream.write_all(request.as_bytes()).await.unwrap();
            let (_, mut body) = head(&mut stream).await.unwrap();
            while body.len() < 2 {
                stream.read_buf(&mut body).await.unwrap();
            }
            times.push(begun.elapsed());
        }
        times.sort();
        medians.push(times[times.len() / 2]);
    }
    let added = medians[1].saturating_sub(medians[0]);
    eprintln!(
        "direct {:?}, proxied {:?}, added {added:?}",
        medians[0], medians[1]
    );
    assert!(added < Duration::from_millis(20), "{added:?}");
    drained.abort();
}

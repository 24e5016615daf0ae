import HTTPTypes
import Hummingbird
import Kernel
import NIOCore
import OpenAPI
import ServiceLifecycle

extension Console {
  func installLive(on router: some RouterMethods<HTTPContext>) {
    get("/live", on: router) { visit in
      let principal = try visit.principal()
      guard let caller = visit.context.caller, let topic = LiveTopic(visit.query) else {
        throw Problem.invalidParameter("on", "is not known here")
      }
      let after = visit.request.headers[.lastEventID] ?? visit.query["after"]
      let position =
        if let sequence = after.flatMap({ Int64($0) }) { sequence } else { try await services.journal.last() }
      let seat = try streams.take(principal.id)
      let feed = LiveFeed(console: self, visit: visit, caller: caller, topic: topic, position: position)
      return Response(
        status: .ok,
        headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no"],
        body: ResponseBody { writer in
          try await feed.run(&writer)
          try await writer.finish(nil)
          withExtendedLifetime(seat) {}
        })
    }
  }
}

extension LiveFeed {
  /// What happens within so long goes out together.
  static let gatherTime: Duration = .milliseconds(100)

  /// Writes until the client leaves, the session ends or the server stops.
  @concurrent func run(_ writer: inout any ResponseBodyWriter) async throws {
    let time = console.time
    // Listening begins before the first read, so that nothing falls between.
    let changes = console.services.journal.changes()
    let (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    // Who leaves is noticed at once, not at the next write: a person who turns pages quickly must not run out of seats.
    visit.context.channel.closeFuture.whenComplete { _ in waker.finish() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { for await _ in changes { waker.yield() } }
      group.addTask {
        while true {
          waker.yield()
          try await time.sleep(for: .seconds(1))
        }
      }
      defer { group.cancelAll() }
      try await send("retry: 2000\n\n", &writer)
      var state = LiveState(position: position)
      for await _ in wakes.cancelOnGracefulShutdown() {
        let text = try await step(&state)
        if !text.isEmpty { try await send(text, &writer) }
        if state.isOver { return }
        try await time.sleep(for: Self.gatherTime)
      }
    }
  }

  /// Writes, and closes the connection when the client does not read: it comes back and goes on where it was.
  @concurrent private func send(_ text: String, _ writer: inout any ResponseBodyWriter) async throws {
    let channel = visit.context.channel
    let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(Limits.streamWriteTime)) {
      channel.close(mode: .all, promise: nil)
    }
    defer { deadline.cancel() }
    try await writer.write(ByteBuffer(string: text))
  }
}

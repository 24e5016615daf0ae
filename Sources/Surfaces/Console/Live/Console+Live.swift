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
      guard streams.open(principal.id.description) else { throw Problem.limited(retryAfterSeconds: 30) }
      let feed = LiveFeed(console: self, visit: visit, caller: caller, topic: topic, position: position)
      return Response(
        status: .ok,
        headers: [.contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no"],
        body: ResponseBody { writer in
          defer { streams.close(principal.id.description) }
          try await feed.run(&writer)
          try await writer.finish(nil)
        })
    }
  }
}

extension LiveFeed {
  /// Writes until the client leaves, the session ends or the server stops.
  func run(_ writer: inout any ResponseBodyWriter) async throws {
    let time = console.time
    let changes = console.services.journal.changes()
    let (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { for await _ in changes { waker.yield() } }
      group.addTask {
        while true {
          waker.yield()
          try await time.sleep(for: .seconds(1))
        }
      }
      defer { group.cancelAll() }
      try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
      var state = LiveState(position: position)
      for await _ in wakes.cancelOnGracefulShutdown() {
        let text = try await step(&state)
        if !text.isEmpty { try await writer.write(ByteBuffer(string: text)) }
        if state.isOver { return }
        // What happens close together goes out together.
        try await time.sleep(for: .milliseconds(100))
      }
    }
  }
}

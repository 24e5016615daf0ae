import Alarms
import Estate
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kernel
import NIOCore
import TestSupport
import Testing

@testable import OpenAPI

/// An entry for the streams, of a kind that belongs to a topic.
private struct Liveness: JournalEvent {
  static let kind = "device.liveness"
  let number: Int
  var subject: String { "device" }
}

private struct Secret: JournalEvent {
  static let kind = "account.signedIn"
  let name: String
  var subject: String { "account" }
}

@Suite("The event stream", .timeLimit(.minutes(10)))
struct EventStreamTests {
  private func record(
    _ scene: Scene, _ numbers: ClosedRange<Int>, of organisation: ID<Organisation>? = nil
  ) async throws {
    let organisation = organisation ?? scene.fresh.organisation
    for number in numbers {
      try await scene.fresh.work.run(EstateError.self) { unit in
        try unit.record(Liveness(number: number), organisation: organisation)
      }
    }
  }

  private func request(_ query: String = "", _ extra: String = "", token: String = "all") -> String {
    "GET /api/v1/events\(query) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\(extra)\r\n"
  }

  /// The numbers in the frames up to and with `last`.
  @concurrent private static func numbers(
    _ talk: inout RawClient.Conversation, through last: Int
  ) async throws -> (numbers: [Int], id: String) {
    var numbers: [Int] = []
    while let frame = try await talk.read(through: "\n\n") {
      guard let match = frame.firstMatch(of: #/id: ([0-9]+)\nevent: device.liveness\ndata: .*"number":([0-9]+)/#),
        let number = Int(match.output.2)
      else { continue }
      numbers.append(number)
      if number == last { return (numbers, String(match.output.1)) }
    }
    Issue.record("the stream ended early, after \(numbers)")
    return (numbers, "")
  }

  @Test("gives what happens as it happens, and goes on after Last-Event-ID without loss or repeat")
  func resume() async throws {
    let scene = try await Scene()
    try await scene.application().test(.live) { client in
      let port = try #require(client.port)
      let id = try await RawClient.connect(port: port) { talk in
        try await talk.send(request())
        let head = try await talk.read(through: "event: ready\ndata: {}\n\n")
        #expect(head?.hasPrefix("HTTP/1.1 200") == true)
        #expect(head?.lowercased().contains("content-type: text/event-stream") == true)
        try await record(scene, 1...5)
        let (numbers, id) = try await Self.numbers(&talk, through: 5)
        #expect(numbers == [1, 2, 3, 4, 5])
        return id
      }
      // While the client is away.
      try await record(scene, 6...700)
      try await RawClient.connect(port: port) { talk in
        try await talk.send(request("", "Last-Event-ID: \(id)\r\n"))
        let (numbers, _) = try await Self.numbers(&talk, through: 700)
        #expect(numbers == Array(6...700))
        try await record(scene, 701...703)
        #expect(try await Self.numbers(&talk, through: 703).numbers == [701, 702, 703])
      }
    }
  }

  @Test("loses nothing when a client connects in the middle of a busy time", arguments: [1, 7])
  func race(writers: Int) async throws {
    let scene = try await Scene()
    try await scene.application().test(.live) { client in
      let port = try #require(client.port)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await record(scene, 1...400) }
        for _ in 0..<writers {
          group.addTask {
            try await RawClient.connect(port: port) { talk in
              try await talk.send(request("?after=0&topics=liveness"))
              #expect(try await Self.numbers(&talk, through: 400).numbers == Array(1...400))
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test("keeps other organisations, other topics and other contexts' secrets apart")
  func scope() async throws {
    let scene = try await Scene()
    let stranger = try #require(scene.tokens.principal("stranger"))
    try await scene.application().test(.live) { client in
      let port = try #require(client.port)
      try await record(scene, 1...3, of: stranger.organisation)
      try await scene.fresh.work.run(EstateError.self) { [organisation = scene.fresh.organisation] unit in
        try unit.record(Secret(name: "王芳"), organisation: organisation)
      }
      try await record(scene, 4...4)
      try await RawClient.connect(port: port) { talk in
        try await talk.send(request("?after=0"))
        let frames = try await talk.read(through: "\"number\":4")
        #expect(frames?.contains("\"number\":1") == false)
        #expect(frames?.contains("王芳") == false)
        #expect(frames?.contains("account.signedIn") == false)
      }
      #expect(try await client.send(.get, "/api/v1/events?topics=alarms", .key("none")).status == .forbidden)
      #expect(try await client.send(.get, "/api/v1/events?topics=secrets").status == .badRequest)
      #expect(try await client.send(.get, "/api/v1/events?after=-1").status == .badRequest)
    }
  }

  @Test("says now and then that it is alive, and moves the client's place on while nothing happens for it")
  func heartbeat() async throws {
    let scene = try await Scene()
    try await scene.application().test(.live) { client in
      try await RawClient.connect(port: try #require(client.port)) { talk in
        try await talk.send(request("?topics=alarms"))
        _ = try await talk.read(through: "event: ready\ndata: {}\n\n")
        await scene.fresh.clock.waitForSleepers()
        scene.fresh.clock.advance(by: Limits.heartbeat)
        #expect(try await talk.read(through: "\n\n")?.contains(": alive") == true)
        try await record(scene, 1...1)
        let last = try await scene.fresh.journal.last()
        // The feed may not have read the entry yet when the first beat comes; the place moves on with a later one.
        while true {
          await scene.fresh.clock.waitForSleepers()
          scene.fresh.clock.advance(by: Limits.heartbeat)
          guard let frame = try await talk.read(through: "\n\n") else { break }
          if frame.contains("id: \(last)\n") { break }
        }
      }
    }
  }

  @Test("ends when its key is revoked")
  func revoked() async throws {
    let scene = try await Scene()
    let principal = scene.fresh.principal()
    scene.tokens.give("short", principal)
    try await scene.application().test(.live) { client in
      try await RawClient.connect(port: try #require(client.port)) { talk in
        try await talk.send(request(token: "short"))
        _ = try await talk.read(through: "event: ready\ndata: {}\n\n")
        scene.tokens.revoke("short")
        for _ in 1...2 {
          await scene.fresh.clock.waitForSleepers()
          scene.fresh.clock.advance(by: Limits.heartbeat)
          _ = try await talk.read(through: "\n\n")
        }
        #expect(try await talk.read(through: "event: end\ndata: {\"reason\":\"session\"}") != nil)
      }
    }
  }

  @Test("a principal may hold a limited number open, and gets a place back when one ends")
  func seats() throws {
    let seats = StreamSeats()
    let principal = ID<Principal>(high: 1, low: 1)
    var held = try (0..<Limits.streamsOfPrincipalMax).map { _ in try seats.take(principal) }
    #expect(throws: Problem.self) { try seats.take(principal) }
    _ = try seats.take(ID(high: 2, low: 2))
    held.removeLast()
    held.append(try seats.take(principal))
    held.removeAll()
    #expect(seats.count == 0)
  }
}

@Suite("The feed of all streams")
struct EventFeedTests {
  @Test("forgets the oldest beyond its limit, and sends whoever needs them to the journal")
  func bounded() async throws {
    let fresh = try await Fresh.inMemory()
    let feed = EventFeed(journal: fresh.journal, time: fresh.clock.timekeeper, logger: .silent, entriesMax: 10)
    let organisation = fresh.organisation
    try await withThrowingTaskGroup(of: Void.self) { group in
      let wakes = feed.wakes()
      group.addTask { try await feed.run() }
      for number in 1...25 {
        try await fresh.work.run(EstateError.self) { unit in
          try unit.record(Liveness(number: number), organisation: organisation)
        }
      }
      let last = try await fresh.journal.last()
      let recent = { (after: Int64) in
        feed.recent(after: after, kinds: ["device.liveness"], organisation: organisation, limit: 100)
      }
      for await _ in wakes where recent(last - 1)?.entries.count == 1 { break }
      #expect(recent(last)?.entries.isEmpty == true)
      #expect(recent(last - 2)?.entries.map(\.sequence) == [last - 1, last])
      #expect(recent(0) == nil)
      group.cancelAll()
    }
  }
}

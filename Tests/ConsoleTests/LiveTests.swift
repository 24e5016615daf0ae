import Devices
import Estate
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Kernel
import Logging
import NIOCore
import NIOEmbedded
import OpenAPI
import TestSupport
import Testing

@testable import Alarms
@testable import Console

@Suite("The live stream of a page")
struct LiveTests {
  private func feed(_ world: World, _ topic: LiveTopic, after position: Int64 = 0) throws -> LiveFeed {
    let words = try #require(world.console.words[.chinese])
    let context = HTTPContext(source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: .silent))
    let request = Request(
      head: .init(method: .get, scheme: "https", authority: "localhost", path: "/live"), body: .init(buffer: .init()))
    let visit = Visit(
      request: request, context: context, language: .chinese, words: words, theme: .system,
      query: PageQuery(path: "/live"), formats: Formats(), now: world.fresh.clock.now)
    return LiveFeed(
      console: world.console, visit: visit,
      caller: Caller(principal: world.principal, proof: .bearer(token: World.key)), topic: topic, position: position)
  }

  @Test("an alarm arrives as its card, with the number of open ones", .clause("6.2.1", "7.1.2f", "8.6d"))
  func alarm() async throws {
    let world = try await World.make()
    let feed = try feed(world, .board(world.building.id, .state), after: try await world.fresh.journal.last())
    var state = LiveState(position: feed.position)
    #expect(try await feed.step(&state) == ":\n\n")
    try await world.happens("smokeAlarm", at: "SD-201")
    let text = try await feed.step(&state)
    #expect(text.contains("event: alarm\n") && text.contains("烟雾报警") && text.contains(#""fresh":true"#))
    #expect(text.contains(#""alarms_open":"1""#))
    #expect(text.contains("event: room\n") && text.contains(#""state":"alm""#))
    #expect(text.contains("id: \(try await world.fresh.journal.last())\n"))
    #expect(try await feed.step(&state) == "")
  }

  @Test("a stream that begins where the page was drawn misses nothing that came between")
  func between() async throws {
    let world = try await World.make()
    let page = try await world.get("/rooms").text
    let after = try #require(page.firstMatch(of: #/after=(\d+)"/#)).output.1
    try await world.happens("smokeAlarm", at: "SD-201")
    let feed = try feed(world, .none, after: try #require(Int64(after)))
    var state = LiveState(position: feed.position)
    #expect(try await feed.step(&state).contains("烟雾报警"))
  }

  @Test("a closed alarm leaves the list")
  func closed() async throws {
    let world = try await World.make()
    try await world.happens("smokeAlarm", at: "SD-201")
    let alarm = try #require(try await world.alarms.list(AlarmQuery(), by: world.principal).items.first)
    let feed = try feed(world, .alarms, after: try await world.fresh.journal.last())
    var state = LiveState(position: feed.position)
    _ = try await feed.step(&state)
    _ = try await world.alarms.close(alarm.id, note: "ok", withoutReset: true, by: world.principal)
    let text = try await feed.step(&state)
    #expect(text.contains(#""open":false"#) && text.contains(#""fresh":false"#))
    #expect(text.contains(#"event: refresh"#) && text.contains(#"["alarms","feed"]"#))
  }

  @Test("another organisation's alarms are not told")
  func otherOrganisation() async throws {
    let world = try await World.make()
    let feed = try feed(world, .alarms, after: try await world.fresh.journal.last())
    var state = LiveState(position: feed.position)
    _ = try await feed.step(&state)
    let sign = AlarmSign(
      device: world.fresh.work.ids.next(), deviceName: "SD-X", kind: .smokeDetector, place: nil, event: "smokeAlarm",
      name: .init(chinese: "烟雾报警", english: "Smoke alarm"), level: .critical, clearedBy: nil,
      deviceTime: world.fresh.clock.now, receivedAt: world.fresh.clock.now, values: [:])
    try await world.fresh.work.run(AlarmsError.self) { unit in
      try Alarms.take(sign, organisation: unit.newID(), in: unit)
    }
    #expect(!(try await feed.step(&state).contains("alarm")))
  }

  @Test("a storm of events is one refetch an interval, and the last one is not lost")
  func storm() async throws {
    let world = try await World.make()
    let feed = try feed(world, .alarms, after: try await world.fresh.journal.last())
    var state = LiveState(position: feed.position)
    _ = try await feed.step(&state)
    try await world.happens("smokeAlarm", at: "SD-101")
    #expect(try await feed.step(&state).contains("event: refresh"))
    try await world.happens("smokeAlarm", at: "SD-102")
    #expect(!(try await feed.step(&state).contains("event: refresh")))
    world.fresh.clock.advance(by: .seconds(2))
    #expect(try await feed.step(&state).contains("event: refresh"))
  }

  @Test("only changed values of the page's device are sent", .clause("8.6d"))
  func values() async throws {
    let world = try await World.make()
    let id = try await world.device("LK-101").device.id
    let feed = try feed(world, .device(id), after: try await world.fresh.journal.last())
    var state = LiveState(position: feed.position)
    let first = try await feed.step(&state)
    #expect(first.contains("event: values") && first.contains(#""key":"batteryPercent""#))
    #expect(!(try await feed.step(&state).contains("event: values")))
    world.fresh.clock.advance(by: .seconds(1))
    #expect(try await feed.step(&state).contains("event: values"))
  }

  @Test("a quiet stream says that it is alive")
  func heartbeat() async throws {
    let world = try await World.make()
    let feed = try feed(world, .none, after: try await world.fresh.journal.last())
    var state = LiveState(position: feed.position)
    #expect(try await feed.step(&state) == ":\n\n")
    #expect(try await feed.step(&state) == "")
    world.fresh.clock.advance(by: .seconds(16))
    #expect(try await feed.step(&state) == ":\n\n")
  }

  @Test("a person holds a limited number of streams, and gets the place back")
  func seats() throws {
    let streams = LiveStreams()
    let person = ID<Principal>(high: 1, low: 1)
    var seats: [LiveStreams.Seat] = []
    for _ in 0..<Limits.streamsOfPrincipalMax { seats.append(try streams.take(person)) }
    #expect(throws: Problem.self) { try streams.take(person) }
    _ = try streams.take(ID<Principal>(high: 2, low: 2))
    seats.removeLast()
    #expect(throws: Never.self) { seats.append(try streams.take(person)) }
    seats = []
    #expect(streams.count == 0)
  }

  @Test("a stream that is not one of ours is refused")
  func unknownTopic() async throws {
    let world = try await World.make()
    #expect(try await world.get("/live?on=everything").status == .badRequest)
    #expect(try await world.get("/live?on=none", key: nil).status == .seeOther)
  }
}

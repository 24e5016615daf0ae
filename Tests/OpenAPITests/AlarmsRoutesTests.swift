@testable import Alarms
import Devices
import HTTPTypes
import HummingbirdTesting
import Kernel
import TestSupport
import Testing

@testable import OpenAPI

@Suite("Alarms over HTTP")
struct AlarmsRoutesTests {
  private func raise(_ scene: Scene, clearedBy: String? = "alarmReset") async throws -> ID<Alarm> {
    let sign = AlarmSign(
      device: scene.fresh.work.ids.next(), deviceName: "SD-1203", kind: .smokeDetector, event: "smokeAlarm",
      name: LocalName(chinese: "火灾报警", english: "Smoke alarm"), level: .critical, clearedBy: clearedBy,
      deviceTime: scene.fresh.clock.now, receivedAt: scene.fresh.clock.now,
      values: ["temperature": .decimal(mantissa: 715, scale: 1), "local": .bool(true)])
    let organisation = scene.fresh.organisation
    try await scene.fresh.work.run(AlarmsError.self) { unit in
      try Alarms.take(sign, organisation: organisation, in: unit)
    }
    return try #require(try await scene.alarms.list(AlarmQuery(), by: scene.fresh.principal()).items.first).id
  }

  @Test("an alarm is listed, taken and closed with a note")
  func life() async throws {
    let scene = try await Scene()
    let id = try await raise(scene, clearedBy: nil)
    try await scene.application().test(.router) { client in
      let list = try await client.send(.get, "/api/v1/alarms?level=critical&kind=smokeDetector&text=SD").json()
      guard case .array(let items)? = list["items"] else { throw Problem.broken }
      #expect(items.first?["id"]?.text == id.description)
      #expect(items.first?["values"]?["temperature"] == .number(71.5))
      let counts = try await client.send(.get, "/api/v1/alarm-counts").json()
      guard case .array(let lines)? = counts["lines"] else { throw Problem.broken }
      #expect(lines.first == ["level": "critical", "open": 1, "unacknowledged": 1])
      let taken = try await client.send(
        .post, "/api/v1/alarms/\(id)/acknowledgement", .key("all"), #"{"note":"On my way"}"#)
      #expect(try taken.json()["state"]?.text == "acknowledged")
      let twice = try await client.send(.post, "/api/v1/alarms/\(id)/acknowledgement", .key("all"), "{}")
      #expect(twice.problemCode == "alarm.alreadyAcknowledged")
      let closed = try await client.send(.post, "/api/v1/alarms/\(id)/close", .key("all"), #"{"note":"Toast"}"#)
      #expect(try closed.json()["state"]?.text == "closed")
      let detail = try await client.send(.get, "/api/v1/alarms/\(id)")
      guard case .array(let steps)? = try detail.json()["steps"] else { throw Problem.broken }
      #expect(steps.compactMap { $0["act"]?.text } == ["raised", "acknowledged", "closed"])
    }
  }

  @Test("another organisation can neither see nor take it")
  func tenancy() async throws {
    let scene = try await Scene()
    let id = try await raise(scene)
    try await scene.application().test(.router) { client in
      #expect(try await client.send(.get, "/api/v1/alarms/\(id)", .key("stranger")).status == .notFound)
      let taken = try await client.send(.post, "/api/v1/alarms/\(id)/acknowledgement", .key("stranger"), "{}")
      #expect(taken.status == .notFound)
      let open = try await client.send(.post, "/api/v1/alarms/\(id)/close", .key("all"), #"{"note":"x"}"#)
      #expect(open.problemCode == "alarm.notReset")
    }
  }

  @Test("words that are no level, state or kind are refused", arguments: ["level=hot", "state=open", "kind=toaster"])
  func words(query: String) async throws {
    let scene = try await Scene()
    try await scene.application().test(.router) { client in
      let response = try await client.send(.get, "/api/v1/alarms?\(query)")
      #expect(response.problemCode == "parameter.invalid")
    }
  }
}

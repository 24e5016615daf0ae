package import Alarms
import Devices
import HTTPTypes
import Hummingbird
import Kernel

extension OpenAPISurface {
  /// Alarms: the feed, one alarm, and what people do with it.
  package static func endpoints(of alarms: Alarms) -> [Endpoint] {
    [listAlarms(alarms), countAlarms(alarms), getAlarm(alarms), acknowledgeAlarm(alarms), closeAlarm(alarms)]
  }

  private static func listAlarms(_ alarms: Alarms) -> Endpoint {
    Endpoint(
      .get, "/api/v1/alarms", "listAlarms", tag: "alarms", "Alarms, the worst first, then the newest.",
      access: .permission(.alarmsRead),
      parameters: [
        .query("level", "Levels with commas between.", .text(1...100, example: "critical,alarm")),
        .query("state", "States with commas between; all but closed when left out.", .text(1...100, example: "raised")),
        .query("kind", "Kinds of device with commas between.", .text(1...300, example: "smokeDetector")),
        .query("building", "Only those in this building.", .id),
        .query("room", "Only those in this room.", .id),
        .query("device", "Only those of this device.", .id),
        .query("text", "A part of the device's, the event's or the place's name.", .text(0...64, example: "1203")),
      ] + Endpoint.Parameter.paging,
      answer: .page(of: AlarmBody.self)
    ) { call in
      let query = AlarmQuery(
        levels: Set(try call.words("level")), states: Set(try call.words("state")),
        kinds: Set(try call.words("kind")), building: try call.queryID("building"), room: try call.queryID("room"),
        device: try call.queryID("device"), text: call.value("text"), page: try call.page())
      return try call.answer(try await alarms.list(query, by: try call.principal())) { AlarmBody($0) }
    }
  }

  private static func countAlarms(_ alarms: Alarms) -> Endpoint {
    Endpoint(
      .get, "/api/v1/alarm-counts", "countAlarms", tag: "alarms", "How many alarms are open at each level.",
      access: .permission(.alarmsRead), parameters: [.query("building", "Only those in this building.", .id)],
      answer: .json(AlarmCountsBody.schema)
    ) { call in
      let counts = try await alarms.counts(building: try call.queryID("building"), by: try call.principal())
      return try call.answer(AlarmCountsBody(counts))
    }
  }

  private static func getAlarm(_ alarms: Alarms) -> Endpoint {
    Endpoint(
      .get, "/api/v1/alarms/{alarm}", "getAlarm", tag: "alarms", "One alarm and the steps of its life.",
      access: .permission(.alarmsRead), parameters: [.path("alarm", "The alarm's id.")],
      answer: .json(AlarmDetailBody.schema)
    ) { call in
      let detail = try await alarms.alarm(try call.id("alarm"), by: try call.principal())
      return try call.resource(AlarmDetailBody(detail), version: detail.alarm.version)
    }
  }

  private static func acknowledgeAlarm(_ alarms: Alarms) -> Endpoint {
    Endpoint(
      .post, "/api/v1/alarms/{alarm}/acknowledgement", "acknowledgeAlarm", tag: "alarms",
      "Takes an alarm in the caller's name (确认).",
      access: .permission(.alarmsAcknowledge), parameters: [.path("alarm", "The alarm's id.")],
      body: .json(AcknowledgeBody.self), answer: .json(AlarmBody.schema), problems: [.conflict]
    ) { call in
      let body = try await call.body(AcknowledgeBody.self)
      let alarm = try await alarms.acknowledge(
        try call.id("alarm"), note: body.note ?? "", by: try call.principal())
      return try call.answer(AlarmBody(alarm))
    }
  }

  private static func closeAlarm(_ alarms: Alarms) -> Endpoint {
    Endpoint(
      .post, "/api/v1/alarms/{alarm}/close", "closeAlarm", tag: "alarms", "Ends an alarm and says how it ended.",
      access: .permission(.alarmsAcknowledge), parameters: [.path("alarm", "The alarm's id.")],
      body: .json(CloseBody.self), answer: .json(AlarmBody.schema), problems: [.conflict]
    ) { call in
      let body = try await call.body(CloseBody.self)
      let alarm = try await alarms.close(
        try call.id("alarm"), note: body.note, withoutReset: body.withoutReset ?? false, by: try call.principal())
      return try call.answer(AlarmBody(alarm))
    }
  }
}

import Devices
import HTTPTypes
import Hummingbird
import Kernel

extension OpenAPISurface {
  /// What devices measured.
  static func dataEndpoints(_ devices: Devices) -> [Endpoint] {
    [latest(devices), history(devices), completeness(devices)]
  }

  private static func latest(_ devices: Devices) -> Endpoint {
    Endpoint(
      .get, "/api/v1/devices/{device}/latest", "getLatest", tag: "data", "The last value of each property.",
      access: .permission(.devicesRead), parameters: [.device], answer: .json(LatestBody.schema)
    ) { call in
      try call.resource(LatestBody(try await devices.latest(try call.id("device"), by: try call.principal())))
    }
  }

  private static func history(_ devices: Devices) -> Endpoint {
    Endpoint(
      .get, "/api/v1/devices/{device}/history", "getHistory", tag: "data",
      "A property's samples in pages, or buckets of minimum, maximum, mean and last.",
      access: .permission(.devicesRead),
      parameters: [
        .device,
        .needs("property", "The property's key.", DeviceSchemas.property),
        .needs("from", "By the device's clock.", .time),
        .needs("to", "Not included.", .time),
        .query("bucketSeconds", "Makes buckets of so many seconds, at most 5000.", .integer(1...31_622_400)),
        .query(
          "aggregate", "minimum, maximum, mean, last with commas between; all when left out.",
          .text(1...40, example: "minimum,maximum")),
        .query("cursor", "nextCursor of the page before.", .text(1...1_024, example: "eyJ…")),
        .query("limit", "Samples of a page; 1000 when left out.", .integer(1...5_000)),
      ],
      answer: .json(HistoryBody.schema)
    ) { call in
      let property = call.value("property") ?? ""
      guard let from = try call.instant("from"), let to = try call.instant("to") else {
        throw Problem.invalidParameter("from", "is missing")
      }
      let aggregates: [HistoryBody.Aggregate] = try call.words("aggregate")
      let query = HistoryQuery(
        property: property, from: from, to: to, bucketSeconds: call.number("bucketSeconds"),
        limit: call.number("limit") ?? 1_000, cursor: try call.cursor())
      let found = try await devices.history(try call.id("device"), query, by: try call.principal())
      return try call.answer(HistoryBody(property, found, aggregates: aggregates) { try call.next($0) })
    }
  }

  private static func completeness(_ devices: Devices) -> Endpoint {
    Endpoint(
      .get, "/api/v1/devices/{device}/completeness", "getCompleteness", tag: "data",
      "How much of what a device numbered on each day has arrived.",
      access: .permission(.devicesRead),
      parameters: [
        .device, .needs("from", "The first day.", .date), .needs("through", "The last day; at most 366 in all.", .date),
      ],
      answer: .json(CompletenessBody.schema)
    ) { call in
      guard let from = try call.date("from"), let through = try call.date("through") else {
        throw Problem.invalidParameter("from", "is missing")
      }
      let days = try await devices.completeness(
        try call.id("device"), from: from, through: through, by: try call.principal())
      return try call.answer(CompletenessBody(days))
    }
  }

  /// What devices said, as it came: messages, events, and what was not taken.
  static func traceEndpoints(_ devices: Devices) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/devices/{device}/messages", "listRawMessages", tag: "data",
        "Messages as they came, newest first, while the log holds them.",
        access: .permission(.devicesRead), parameters: [.device] + Endpoint.Parameter.paging,
        answer: .page(of: RawMessageBody.self)
      ) { call in
        let page = try await devices.rawMessages(try call.id("device"), try call.page(), by: try call.principal())
        return try call.answer(page) { RawMessageBody($0) }
      },
      Endpoint(
        .get, "/api/v1/devices/{device}/rejected-readings", "listRejectedReadingsOfDevice", tag: "data",
        "What of a device was not taken, and why; newest first.",
        access: .permission(.devicesRead), parameters: [.device] + Endpoint.Parameter.paging,
        answer: .page(of: RejectedReadingBody.self)
      ) { call in
        let page = try await devices.rejectedReadings(
          try call.id("device", Device.self), try call.page(), by: try call.principal())
        return try call.answer(page) { RejectedReadingBody($0) }
      },
      Endpoint(
        .get, "/api/v1/rejected-readings", "listRejectedReadings", tag: "data",
        "What was not taken of all devices, and why; newest first.",
        access: .permission(.devicesRead), parameters: Endpoint.Parameter.paging,
        answer: .page(of: RejectedReadingBody.self)
      ) { call in
        let page = try await devices.rejectedReadings(nil, try call.page(), by: try call.principal())
        return try call.answer(page) { RejectedReadingBody($0) }
      },
      events(devices, "/api/v1/devices/{device}/events", "listEventsOfDevice", [.device]),
      events(devices, "/api/v1/device-events", "listEvents", []),
    ]
  }

  private static func events(
    _ devices: Devices, _ path: String, _ name: String, _ place: [Endpoint.Parameter]
  ) -> Endpoint {
    Endpoint(
      .get, path, name, tag: "data", "Events that devices told of, newest first.",
      access: .permission(.devicesRead),
      parameters: place + [
        .query("level", "Levels with commas between.", .text(1...100, example: "alarm,critical")),
        .query("event", "Keys with commas between.", .text(1...1_000, example: "opened,closed")),
        .query("from", "When the platform received it.", .time),
        .query("to", "Not included.", .time),
      ] + Endpoint.Parameter.paging,
      answer: .page(of: DeviceEventBody.self)
    ) { call in
      let device = place.isEmpty ? nil : try call.id("device", Device.self)
      // A list of nothing would hide that the device is not there.
      if let device { _ = try await devices.device(device, by: try call.principal()) }
      let query = DeviceEventQuery(
        device: device, levels: Set(try call.words("level")),
        events: Set(call.value("event")?.split(separator: ",").map(String.init) ?? []),
        from: try call.instant("from"), to: try call.instant("to"), page: try call.page())
      return try call.answer(try await devices.events(query, by: try call.principal())) { DeviceEventBody($0) }
    }
  }
}

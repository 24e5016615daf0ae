package import Devices
import HTTPTypes
import Hummingbird
import Kernel

extension OpenAPISurface {
  /// Devices: registry, certificates, twins, commands, data, thing models.
  package static func endpoints(of devices: Devices) -> [Endpoint] {
    registryEndpoints(devices) + changeEndpoints(devices) + certificateEndpoints(devices) + twinEndpoints(devices)
      + commandEndpoints(devices) + dataEndpoints(devices) + traceEndpoints(devices) + modelEndpoints(devices)
  }

  private static func registryEndpoints(_ devices: Devices) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/devices", "listDevices", tag: "devices", "Devices by name, with filters.",
        access: .permission(.devicesRead), parameters: listParameters + Endpoint.Parameter.paging,
        answer: .page(of: DeviceSummaryBody.self)
      ) { call in
        let query = DeviceQuery(
          text: call.value("text"), kinds: Set(try call.words("kind")), statuses: Set(try call.words("status")),
          liveness: Set(try call.words("liveness")), building: try call.queryID("building"),
          room: try call.queryID("room"), gateway: try call.queryID("gateway"), page: try call.page())
        return try call.answer(try await devices.list(query, by: try call.principal())) { DeviceSummaryBody($0) }
      },
      Endpoint(
        .get, "/api/v1/device-counts", "countDevices", tag: "devices",
        "How many devices there are of each kind and liveness.",
        access: .permission(.devicesRead), parameters: [.query("building", "Only those in this building.", .id)],
        answer: .json(DeviceCountsBody.schema)
      ) { call in
        let counts = try await devices.counts(building: try call.queryID("building"), by: try call.principal())
        return try call.answer(DeviceCountsBody(counts))
      },
      Endpoint(
        .post, "/api/v1/devices", "registerDevice", tag: "devices", "Registers a device; it has one owner.",
        access: .permission(.devicesWrite), body: .json(NewDeviceBody.self),
        answer: .json(DeviceBody.schema, .created), problems: [.notFound, .conflict]
      ) { call in
        let body = try await call.body(NewDeviceBody.self)
        let device = try await devices.register(body.device, by: try call.principal())
        return try call.answer(DeviceBody(device), headers: [.location: "/api/v1/devices/\(device.id)"])
      },
      Endpoint(
        .post, "/api/v1/device-batches", "registerDevices", tag: "devices",
        "Registers devices from CSV, each line for itself. The heading names the columns: name, model, and as wanted "
          + "modelVersion, building, unit, room, gateway, labels.",
        access: .permission(.devicesWrite), body: .csv, answer: .json(BatchReportBody.schema)
      ) { call in
        let report = try await devices.register(csv: try await call.bytes(), by: try call.principal())
        return try call.answer(BatchReportBody(report))
      },
      Endpoint(
        .get, "/api/v1/devices/{device}", "getDevice", tag: "devices", "All of one device but its data.",
        access: .permission(.devicesRead), parameters: [.device], answer: .json(DeviceDetailBody.schema)
      ) { call in
        let detail = try await devices.device(try call.id("device"), by: try call.principal())
        return try call.resource(DeviceDetailBody(detail), version: detail.device.version)
      },
    ]
  }

  private static let listParameters: [Endpoint.Parameter] = [
    .query("text", "A part of the name or of a label.", .text(0...100, example: "SD-12")),
    .query("kind", "Kinds with commas between.", .text(1...300, example: "lock,smokeDetector")),
    .query("status", "With commas between; all but decommissioned when left out.", .text(1...100, example: "active")),
    .query("liveness", "With commas between.", .text(1...100, example: "stale,offline")),
    .query("building", "Only those in this building.", .id),
    .query("room", "Only those in this room.", .id),
    .query("gateway", "Only those that this device brings.", .id),
  ]

  private static func changeEndpoints(_ devices: Devices) -> [Endpoint] {
    [
      Endpoint(
        .patch, "/api/v1/devices/{device}", "changeDevice", tag: "devices",
        "Changes a device's room, labels, approvals or model version; what is left out stays.",
        access: .permission(.devicesWrite), parameters: [.device, .ifMatch], body: .json(DeviceChangeBody.self),
        answer: .json(DeviceBody.schema), problems: Endpoint.conditional + [.conflict]
      ) { call in
        let version = try call.expectedVersion()
        let body = try await call.body(DeviceChangeBody.self)
        let device = try await devices.change(
          try call.id("device"), body.change, expecting: version, by: try call.principal())
        return try call.resource(DeviceBody(device), version: device.version)
      },
      Endpoint(
        .post, "/api/v1/devices/{device}/transfer", "transferDevice", tag: "devices",
        "Gives a device to another organisation; only its owner may.",
        access: .permission(.devicesUnbind), parameters: [.device], body: .json(TransferBody.self), answer: .nothing,
        problems: [.conflict]
      ) { call in
        let body = try await call.body(TransferBody.self)
        try await devices.transfer(try call.id("device"), to: body.organisation, by: try call.principal())
        return call.done()
      },
      Endpoint(
        .post, "/api/v1/devices/{device}/decommission", "decommissionDevice", tag: "devices",
        "Takes a device out of service for good and revokes its certificates; its data stays.",
        access: .permission(.devicesUnbind), parameters: [.device], answer: .json(DeviceBody.schema),
        problems: [.conflict]
      ) { call in
        try call.answer(
          DeviceBody(try await devices.decommission(try call.id("device"), by: try call.principal())))
      },
    ]
  }
}

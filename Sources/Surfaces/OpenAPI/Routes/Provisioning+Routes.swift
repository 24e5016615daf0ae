import Foundation
import HTTPTypes
import Hummingbird
import KeyLadder
import Kernel
import NIOCore
package import Provisioning

extension OpenAPISurface {
  /// The keys of devices: factory stations, their lots, and what is kept of each key.
  package static func endpoints(of provisioning: Provisioning) -> [Endpoint] {
    stationEndpoints(provisioning) + lotEndpoints(provisioning) + stationCalls(provisioning)
      + deviceKeyEndpoints(provisioning)
  }

  private static let station = Endpoint.Parameter.path("station", "The station's id.")
  private static let lot = Endpoint.Parameter.path("lot", "The lot's id.")
  private static let device = Endpoint.Parameter.path(
    "device", "The device's name.", .text(1...64, example: "LK-0803"))

  private static func stationEndpoints(_ provisioning: Provisioning) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/factory-stations", "listStations", tag: "provisioning", "Factory stations, newest first.",
        access: .permission(.devicesRead),
        parameters: [
          .query("q", "Part of the name.", .text(1...64, example: "ST-1")),
          .query("isBlocked", "Only those that are, or are not.", .boolean),
        ] + Endpoint.Parameter.paging, answer: .page(of: StationBody.self)
      ) { call in
        let query = StationQuery(
          text: call.value("q"), isBlocked: call.value("isBlocked").map { $0 == "true" }, page: try call.page())
        return try call.answer(try await provisioning.stations(query, by: try call.principal())) {
          StationBody($0.station)
        }
      },
      Endpoint(
        .post, "/api/v1/factory-stations", "registerStation", tag: "provisioning",
        "Lets a station put keys into devices, once it has a lot.",
        access: .permission(.devicesWrite), body: .json(NewStationBody.self),
        answer: .json(StationBody.schema, .created), problems: [.conflict]
      ) { call in
        let body = try await call.body(NewStationBody.self)
        let station = try await provisioning.registerStation(body.station, by: try call.principal())
        return try call.answer(StationBody(station), headers: [.location: "/api/v1/factory-stations/\(station.id)"])
      },
      Endpoint(
        .get, "/api/v1/factory-stations/{station}", "getStation", tag: "provisioning", "One station.",
        access: .permission(.devicesRead), parameters: [station], answer: .json(StationBody.schema)
      ) { call in
        try call.answer(
          StationBody(try await provisioning.station(try call.id("station"), by: try call.principal())))
      },
      Endpoint(
        .post, "/api/v1/factory-stations/{station}/block", "blockStation", tag: "provisioning",
        "Shuts a station out at once, its lots with it.",
        access: .permission(.devicesWrite), parameters: [station], body: .json(KeyReasonBody.self), answer: .nothing
      ) { call in
        let body = try await call.body(KeyReasonBody.self)
        try await provisioning.blockStation(
          try call.id("station"), because: body.reason, by: try call.principal())
        return call.done()
      },
      Endpoint(
        .post, "/api/v1/factory-stations/{station}/unblock", "unblockStation", tag: "provisioning",
        "Lets a station that was blocked work again, with its lots that are still open.",
        access: .permission(.devicesWrite), parameters: [station], body: .json(KeyReasonBody.self), answer: .nothing
      ) { call in
        let body = try await call.body(KeyReasonBody.self)
        try await provisioning.unblockStation(
          try call.id("station"), because: body.reason, by: try call.principal())
        return call.done()
      },
      Endpoint(
        .get, "/api/v1/platform-key", "getPlatformKey", tag: "provisioning",
        "The SM2 key by which devices know this platform: a factory puts it into them.",
        access: .permission(.devicesRead), answer: .json(PlatformKeyBody.schema)
      ) { call in
        try call.answer(PlatformKeyBody(try await provisioning.platformKey(by: try call.principal())))
      },
    ]
  }

  private static func lotEndpoints(_ provisioning: Provisioning) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/provisioning-lots", "listLots", tag: "provisioning",
        "Lots, newest first, and how much of each is used.",
        access: .permission(.devicesRead),
        parameters: [
          .query(
            "q", "Part of the note or of the station's name, or the lot's id.", .text(1...100, example: "PO-2026")),
          .query("station", "Only those of this station.", .id),
          .query("state", "Only those in this state.", .choice(ProvisioningLot.State.allCases.map(\.rawValue))),
        ] + Endpoint.Parameter.paging, answer: .page(of: LotBody.self)
      ) { call in
        let query = LotQuery(
          text: call.value("q"), station: try call.queryID("station"),
          state: call.value("state").flatMap { ProvisioningLot.State(rawValue: $0) }, page: try call.page())
        return try call.answer(try await provisioning.lots(query, by: try call.principal())) { LotBody($0.lot) }
      },
      Endpoint(
        .post, "/api/v1/provisioning-lots", "openLot", tag: "provisioning",
        "Allows a station so many devices for a while.",
        access: .permission(.devicesWrite), body: .json(NewLotBody.self), answer: .json(LotBody.schema, .created),
        problems: [.notFound]
      ) { call in
        let body = try await call.body(NewLotBody.self)
        let lot = try await provisioning.openLot(
          station: body.station, quota: body.quota, from: try body.moment(body.validFrom, "validFrom"),
          until: try body.moment(body.validUntil, "validUntil"), note: body.note ?? "", by: try call.principal())
        return try call.answer(LotBody(lot), headers: [.location: "/api/v1/provisioning-lots/\(lot.id)"])
      },
      Endpoint(
        .get, "/api/v1/provisioning-lots/{lot}", "getLot", tag: "provisioning", "One lot and how much of it is used.",
        access: .permission(.devicesRead), parameters: [lot], answer: .json(LotBody.schema)
      ) { call in
        try call.answer(LotBody(try await provisioning.lot(try call.id("lot"), by: try call.principal())))
      },
      Endpoint(
        .post, "/api/v1/provisioning-lots/{lot}/close", "closeLot", tag: "provisioning",
        "Ends a lot for good: it takes no more devices.",
        access: .permission(.devicesWrite), parameters: [lot], answer: .json(LotBody.schema)
      ) { call in
        try call.answer(LotBody(try await provisioning.closeLot(try call.id("lot"), by: try call.principal())))
      },
      Endpoint(
        .post, "/api/v1/provisioning-lots/{lot}/withdraw", "withdrawLotKeys", tag: "provisioning",
        "Withdraws all keys of a lot that are used: its station, or its file, is in wrong hands.",
        access: .permission(.devicesWrite), parameters: [lot], body: .json(WithdrawalBody.self),
        answer: .json(WithdrawnBody.schema)
      ) { call in
        let body = try await call.body(WithdrawalBody.self)
        let count = try await provisioning.withdraw(
          lot: try call.id("lot"), isCompromised: body.isCompromised, because: body.reason, by: try call.principal())
        return try call.answer(WithdrawnBody(keys: count))
      },
    ]
  }

  /// What a station calls with its API key.
  private static func stationCalls(_ provisioning: Provisioning) -> [Endpoint] {
    [
      Endpoint(
        .post, "/api/v1/provisioning-lots/{lot}/keys", "provisionDevice", tag: "provisioning",
        "Gives a device its key: the device's request with the station's signature for this lot.",
        access: .permission(.devicesWrite), parameters: [lot], body: .json(DeviceKeyRequestBody.self),
        answer: .json(DeviceKeyAnswerBody.schema), problems: [.notFound, .conflict, .forbidden]
      ) { call in
        let body = try await call.body(DeviceKeyRequestBody.self)
        let answer = try await provisioning.provision(
          lot: try call.id("lot"), message: body.bytes(body.request), signature: body.bytes(body.signature),
          by: try call.principal())
        return try call.answer(DeviceKeyAnswerBody(answer: Data(answer).base64EncodedString()))
      },
      Endpoint(
        .post, "/api/v1/provisioning-lots/{lot}/file", "makeLotFile", tag: "provisioning",
        "Makes the file of keys for a station without a network; the lot takes no more devices then.",
        access: .permission(.devicesWrite), parameters: [lot], body: .json(LotDevicesBody.self, bytesMax: 1 << 20),
        answer: .json(LotFileBody.schema), problems: [.notFound, .conflict]
      ) { call in
        let body = try await call.body(LotDevicesBody.self)
        let file = try await provisioning.file(
          lot: try call.id("lot"), devices: try body.holders(), by: try call.principal())
        return try call.answer(LotFileBody(file: Data(file).base64EncodedString()))
      },
      Endpoint(
        .get, "/api/v1/provisioning-lots/{lot}/file", "getLotFile", tag: "provisioning",
        "The file that was made of a lot, once more.",
        access: .permission(.devicesWrite), parameters: [lot], answer: .json(LotFileBody.schema)
      ) { call in
        let file = try await provisioning.madeFile(of: try call.id("lot"), by: try call.principal())
        return try call.answer(LotFileBody(file: Data(file).base64EncodedString()))
      },
    ]
  }

  private static func deviceKeyEndpoints(_ provisioning: Provisioning) -> [Endpoint] {
    [
      Endpoint(
        .get, "/api/v1/device-keys", "listDeviceKeys", tag: "provisioning",
        "What the platform keeps of devices' keys, used or withdrawn, newest first.",
        access: .permission(.devicesRead),
        parameters: [
          .query("q", "Part of the device's name or of the element's id.", .text(1...100, example: "LK-08")),
          .query("lot", "Only those of this lot.", .id),
          .query("state", "Only those in this state.", .choice(DeviceKeyRecord.State.allCases.map(\.rawValue))),
        ] + Endpoint.Parameter.paging, answer: .page(of: DeviceKeyBody.self)
      ) { call in
        let query = KeyQuery(
          text: call.value("q"), lot: try call.queryID("lot"),
          state: call.value("state").flatMap { DeviceKeyRecord.State(rawValue: $0) }, page: try call.page())
        return try call.answer(try await provisioning.keys(query, by: try call.principal())) { DeviceKeyBody($0) }
      },
      Endpoint(
        .get, "/api/v1/device-keys/{device}", "getDeviceKey", tag: "provisioning",
        "What the platform keeps of a device's key: never the key.",
        access: .permission(.devicesRead), parameters: [device], answer: .json(DeviceKeyStateBody.schema)
      ) { call in
        let found = try await provisioning.keyState(of: try call.text("device"), by: try call.principal())
        return try call.answer(DeviceKeyStateBody(found))
      },
      Endpoint(
        .post, "/api/v1/device-keys/{device}/withdraw", "withdrawDeviceKey", tag: "provisioning",
        "Nothing is agreed with the key any more; its session ends.",
        access: .permission(.devicesWrite), parameters: [device], body: .json(WithdrawalBody.self), answer: .nothing
      ) { call in
        let body = try await call.body(WithdrawalBody.self)
        try await provisioning.withdraw(
          device: try call.text("device"), isCompromised: body.isCompromised, because: body.reason,
          by: try call.principal())
        return call.done()
      },
      Endpoint(
        .post, "/api/v1/device-keys/{device}/end-epochs", "endDeviceEpochs", tag: "provisioning",
        "Ends the session and forgets the communication keys: the device renews before it agrees another.",
        access: .permission(.devicesWrite), parameters: [device], body: .json(KeyReasonBody.self), answer: .nothing
      ) { call in
        let body = try await call.body(KeyReasonBody.self)
        try await provisioning.endEpochs(
          of: try call.text("device"), because: body.reason, by: try call.principal())
        return call.done()
      },
    ]
  }
}

package import KeyLadder
package import Kernel

/// Which stations to list.
package struct StationQuery: Sendable {
  /// Part of the name, in either case.
  package var text: String?
  package var isBlocked: Bool?
  package var page: PageRequest

  package init(text: String? = nil, isBlocked: Bool? = nil, page: PageRequest = PageRequest()) {
    self.text = text
    self.isBlocked = isBlocked
    self.page = page
  }
}

/// A station, and what it has to do.
package struct StationSummary: Sendable, Hashable {
  package let station: FactoryStation
  package let lots: Int
  /// Lots that take devices now.
  package let openLots: Int
  /// Devices that have got a key there, over all its lots.
  package let devices: Int
}

/// Which lots to list.
package struct LotQuery: Sendable {
  /// Part of the note, of the station's name, or of the lot's id.
  package var text: String?
  package var station: ID<FactoryStation>?
  package var state: ProvisioningLot.State?
  package var page: PageRequest

  package init(
    text: String? = nil, station: ID<FactoryStation>? = nil, state: ProvisioningLot.State? = nil,
    page: PageRequest = PageRequest()
  ) {
    self.text = text
    self.station = station
    self.state = state
    self.page = page
  }
}

/// A lot with its station.
package struct LotSummary: Sendable, Hashable {
  package let lot: ProvisioningLot
  package let station: FactoryStation
  /// When its file was made; nil for a lot without one.
  package let fileMadeAt: Instant?
}

/// Which keys of devices to list.
package struct KeyQuery: Sendable {
  /// Part of the device's name or of the element's id, in either case.
  package var text: String?
  /// The whole name.
  package var device: String?
  package var lot: ID<ProvisioningLot>?
  package var state: DeviceKeyRecord.State?
  package var hasElement: Bool?
  package var page: PageRequest

  package init(
    text: String? = nil, device: String? = nil, lot: ID<ProvisioningLot>? = nil, state: DeviceKeyRecord.State? = nil,
    hasElement: Bool? = nil, page: PageRequest = PageRequest()
  ) {
    self.text = text
    self.device = device
    self.lot = lot
    self.state = state
    self.hasElement = hasElement
    self.page = page
  }
}

/// What is kept of a key, and where it came from.
package struct KeySummary: Sendable, Hashable {
  package let key: DeviceKeyRecord
  package let station: ID<FactoryStation>
  package let stationName: String
  package let lotNote: String
}

/// An epoch for which a device has a communication key.
package struct AgreedEpoch: Sendable, Hashable {
  package let epoch: KeyEpoch
  /// When it was renewed.
  package let agreedAt: Instant
}

/// Everything that is known of a device's newest key.
package struct DeviceKeyState: Sendable, Hashable {
  package let summary: KeySummary
  /// Newest first.
  package let epochs: [AgreedEpoch]
  /// The session that the device has with this server now.
  package let session: KeySession?

  package var key: DeviceKeyRecord { summary.key }
}

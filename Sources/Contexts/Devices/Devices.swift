package import Estate
package import Kernel

/// The registry of devices, their twins, commands, certificates and data: the use cases of this context.
package struct Devices: Sendable {
}

extension Devices {
  // MARK: Registry

  /// The organisation's devices by name; needs `devices.read`.
  package func list(_ query: DeviceQuery, by principal: Principal) async throws(DevicesError) -> Page<DeviceSummary> {
    throw .store(.unavailable)
  }
  package func counts(building: ID<Building>? = nil, by principal: Principal) async throws(DevicesError) -> DeviceCounts {
    throw .store(.unavailable)
  }
  package func device(_ id: ID<Device>, by principal: Principal) async throws(DevicesError) -> DeviceDetail {
    throw .store(.unavailable)
  }
  package func device(named name: String, by principal: Principal) async throws(DevicesError) -> DeviceDetail {
    throw .store(.unavailable)
  }
  package func register(_ new: NewDevice, by principal: Principal) async throws(DevicesError) -> Device {
    throw .store(.unavailable)
  }
  /// CSV with the heading `name,model,room,gateway,labels`; each line is its own; at most 10,000.
  package func register(csv: [UInt8], by principal: Principal) async throws(DevicesError) -> BatchReport {
    throw .store(.unavailable)
  }
  /// - Parameter version: the one that was read; nil to change whatever is there.
  package func change(
    _ id: ID<Device>, _ change: DeviceChange, expecting version: Int64?, by principal: Principal
  ) async throws(DevicesError) -> Device {
    throw .store(.unavailable)
  }
  /// Gives the device to another organisation; only its owner may.
  package func transfer(
    _ id: ID<Device>, to organisation: ID<Organisation>, by principal: Principal
  ) async throws(DevicesError) {
    throw .store(.unavailable)
  }
  package func decommission(_ id: ID<Device>, by principal: Principal) async throws(DevicesError) -> Device {
    throw .store(.unavailable)
  }

  // MARK: Thing models

  /// The platform's and the organisation's own, newest version first of each key.
  package func models(by principal: Principal) async throws(DevicesError) -> [ThingModel] {
    throw .store(.unavailable)
  }
  package func model(
    _ key: String, version: Int?, by principal: Principal
  ) async throws(DevicesError) -> ThingModel {
    throw .store(.unavailable)
  }
  package func load(modelJSON: [UInt8], by principal: Principal) async throws(DevicesError) -> ThingModel {
    throw .store(.unavailable)
  }

  // MARK: Twin

  package func twin(_ id: ID<Device>, by principal: Principal) async throws(DevicesError) -> Twin {
    throw .store(.unavailable)
  }
  /// - Parameters:
  ///   - values: by property; nil takes the desire back.
  ///   - version: `desiredVersion` that was read; nil to change whatever is there.
  package func desire(
    _ id: ID<Device>, _ values: [String: PropertyValue?], expecting version: Int64?, by principal: Principal
  ) async throws(DevicesError) -> Twin {
    throw .store(.unavailable)
  }

  // MARK: Commands

  package func commands(_ query: CommandQuery, by principal: Principal) async throws(DevicesError) -> Page<Command> {
    throw .store(.unavailable)
  }
  package func command(_ id: ID<Command>, by principal: Principal) async throws(DevicesError) -> Command {
    throw .store(.unavailable)
  }
  package func issue(_ new: NewCommand, by principal: Principal) async throws(DevicesError) -> Command {
    throw .store(.unavailable)
  }

  // MARK: Data

  package func latest(_ id: ID<Device>, by principal: Principal) async throws(DevicesError) -> [LatestValue] {
    throw .store(.unavailable)
  }
  /// At most 1,000 devices; those of other organisations are left out.
  package func latest(
    _ ids: [ID<Device>], by principal: Principal
  ) async throws(DevicesError) -> [ID<Device>: [LatestValue]] {
    throw .store(.unavailable)
  }
  package func history(
    _ id: ID<Device>, _ query: HistoryQuery, by principal: Principal
  ) async throws(DevicesError) -> History {
    throw .store(.unavailable)
  }
  package func rawMessages(
    _ id: ID<Device>, _ page: PageRequest, by principal: Principal
  ) async throws(DevicesError) -> Page<RawMessage> {
    throw .store(.unavailable)
  }
  /// - Parameter id: nil for all of the organisation's devices.
  package func rejectedReadings(
    _ id: ID<Device>?, _ page: PageRequest, by principal: Principal
  ) async throws(DevicesError) -> Page<RejectedReading> {
    throw .store(.unavailable)
  }
  /// Days of China's time, oldest first; at most 366.
  package func completeness(
    _ id: ID<Device>, from: LocalDate, through: LocalDate, by principal: Principal
  ) async throws(DevicesError) -> [DayCompleteness] {
    throw .store(.unavailable)
  }
  package func events(
    _ query: DeviceEventQuery, by principal: Principal
  ) async throws(DevicesError) -> Page<DeviceEvent> {
    throw .store(.unavailable)
  }

  // MARK: Certificates

  package func certificates(
    _ id: ID<Device>, by principal: Principal
  ) async throws(DevicesError) -> [DeviceCertificate] {
    throw .store(.unavailable)
  }
  /// - Parameter requestPEM: PKCS #10; its subject is not read, the platform names the device itself.
  package func issueCertificate(
    _ id: ID<Device>, requestPEM: String, validityDays: Int?, by principal: Principal
  ) async throws(DevicesError) -> IssuedCertificate {
    throw .store(.unavailable)
  }
  package func revokeCertificate(
    _ id: ID<Device>, serial: String, reason: String, by principal: Principal
  ) async throws(DevicesError) -> DeviceCertificate {
    throw .store(.unavailable)
  }
  /// DER, signed by the CA.
  package func revocationList(by principal: Principal) async throws(DevicesError) -> [UInt8] {
    throw .store(.unavailable)
  }
}

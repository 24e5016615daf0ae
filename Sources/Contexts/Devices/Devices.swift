package import CertificateAuthority
package import Kernel
import Logging

/// The registry of devices, their twins, commands, certificates and data: the use cases of this context.
///
/// Every use case checks the principal's permission and sees only its organisation's devices.
package struct Devices: Sendable {
  let work: Work
  /// The devices in memory, kept equal to the registry.
  package let directory: DeviceDirectory
  package let catalogue: ThingModelCatalogue
  package let revoked: RevokedCertificates
  package let links: DeviceLinks
  let authority: CertificateAuthority?
  let randomBytes: @Sendable (Int) -> [UInt8]

  /// Minutes east of UTC by which days are counted: China's time.
  package static let dayOffsetMinutes = 480

  /// - Parameters:
  ///   - directory: shared with the intake; `open` fills it.
  ///   - authority: signs the devices' certificates; nil where the platform's CA is elsewhere.
  ///   - randomBytes: so many fresh random bytes, for serial numbers.
  /// - Throws: `.modelInvalid` when a thing model that comes with the program is wrong.
  package init(
    work: Work, directory: DeviceDirectory, authority: CertificateAuthority?,
    randomBytes: @escaping @Sendable (Int) -> [UInt8]
  ) throws(DevicesError) {
    self.work = work
    self.directory = directory
    self.catalogue = try ThingModelCatalogue()
    self.revoked = RevokedCertificates()
    self.links = DeviceLinks()
    self.authority = authority
    self.randomBytes = randomBytes
  }

  /// Fills catalogue, directory and revocations from the store; to be called once, after the migrations and before
  /// anything is served.
  package func open() async throws(DevicesError) {
    try await reloadModels()
    var last: Int64 = 0
    while true {
      let after = last
      let devices = try await work.read(DevicesError.self) { sql in
        try sql.allDevices(after: after, limit: 5_000)
      }
      guard let end = devices.last else { break }
      last = Int64(end.device.number.value)
      admit(devices.map(\.device))
    }
    let serials = try await work.run(DevicesError.self) { unit in
      try unit.sql.revokedCertificates(at: unit.now).map(\.serial)
    }
    revoked.insert(serials)
  }

  /// Takes in the models that organisations loaded.
  func reloadModels() async throws(DevicesError) {
    let loaded = try await work.read(DevicesError.self) { sql in try sql.loadedModels() }
    for (organisation, json) in loaded { catalogue.put(try ThingModel(json: json), organisation: organisation) }
  }

  /// Where measured data is read.
  ///
  /// - Throws: `.store(.unavailable)` before it is attached.
  var archive: any TelemetryArchive {
    get throws(DevicesError) {
      guard let archive = links.archive else { throw .store(.unavailable) }
      return archive
    }
  }

  /// Puts devices into the directory as they now are.
  func admit(_ devices: [Device]) {
    let known = Dictionary(devices.map { ($0.id, $0.number) }, uniquingKeysWith: { $1 })
    var entries: [DeviceDirectory.Entry] = []
    for device in devices {
      let model = catalogue.model(device.model, version: device.modelVersion, organisation: device.organisation)
      guard let model else {
        work.logger.error(
          "a device's thing model is missing", metadata: ["device.id": "\(device.id)", "model": "\(device.model)"])
        continue
      }
      let gateway = device.gateway.flatMap { known[$0] ?? directory[$0]?.number }
      entries.append(
        DeviceDirectory.Entry(
          number: device.number, id: device.id, name: device.name, organisation: device.organisation, model: model,
          gateway: gateway, decommissioned: device.status == .decommissioned, version: device.version))
    }
    directory.put(entries)
  }
}

extension Principal {
  /// Somewhere: what is touched is then found within `Estate.reach` only.
  ///
  /// - Throws: `.denied`.
  func may(_ permission: Permission) throws(DevicesError) {
    do { try requireSomewhere(permission) } catch { throw DevicesError(error) }
  }

  /// In all of the organisation.
  ///
  /// - Throws: `.denied`.
  func mayEverywhere(_ permission: Permission) throws(DevicesError) {
    do { try require(permission) } catch { throw DevicesError(error) }
  }

  /// Somewhere, and verified a second time not long ago.
  ///
  /// - Throws: `.denied`, `.unproven`.
  func may(_ permission: Permission, freshAt now: Instant) throws(DevicesError) {
    do {
      try requireSomewhere(permission)
      try requireFresh(permission, at: now)
    } catch { throw DevicesError(error) }
  }
}

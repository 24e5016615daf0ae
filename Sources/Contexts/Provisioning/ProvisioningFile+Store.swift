import Kernel
import SQLStore

extension SQLConnection {
  /// The file that was made of a lot; nil without one.
  func file(of lot: ID<ProvisioningLot>, organisation: ID<Organisation>) throws -> [UInt8]? {
    try row("SELECT file FROM provisioning_file WHERE organisation = \(organisation) AND lot = \(lot)")?.blob("file")
  }

  /// Whether there is a file, and since when.
  func fileMadeAt(_ lot: ID<ProvisioningLot>, organisation: ID<Organisation>) throws -> Instant? {
    try row("SELECT made_at FROM provisioning_file WHERE organisation = \(organisation) AND lot = \(lot)")?
      .instant("made_at")
  }

  func keep(_ file: [UInt8], of lot: ID<ProvisioningLot>, organisation: ID<Organisation>, at now: Instant) throws {
    try execute(
      """
      INSERT INTO provisioning_file (organisation, lot, file, made_at)
      VALUES (\(organisation), \(lot), \(file), \(now))
      """)
  }

  /// The keys of a lot that the key service was asked for and that were not kept.
  func pendingKeys(of lot: ProvisioningLot) throws -> [DeviceKeyRecord] {
    try rows(
      """
      SELECT * FROM device_key WHERE organisation = \(lot.organisation) AND lot = \(lot.id) AND state = 'pending'
      ORDER BY id LIMIT \(Provisioning.fileDevicesMax + 1)
      """
    ).map { try DeviceKeyRecord($0) }
  }

  /// The keys of a lot that are used or about to be, oldest first.
  func currentKeys(
    of lot: ID<ProvisioningLot>, organisation: ID<Organisation>, limit: Int
  ) throws -> [DeviceKeyRecord] {
    try rows(
      """
      SELECT * FROM device_key WHERE organisation = \(organisation) AND lot = \(lot)
        AND state IN ('pending', 'issued', 'confirmed')
      ORDER BY id LIMIT \(limit)
      """
    ).map { try DeviceKeyRecord($0) }
  }
}

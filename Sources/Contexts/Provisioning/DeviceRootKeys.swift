package import Guomi
package import KeyLadder
package import Kernel

/// The key service, as far as devices' keys go. Root keys and device keys never leave it; what does is an answer that
/// only the asking element opens, a file that only its station opens, and communication keys.
package protocol DeviceRootKeys: Sendable {
  /// Derives the device key of a request and gives it, encrypted to the asker and signed by the platform.
  func answer(
    _ request: ProvisioningRequest, for organisation: ID<Organisation>
  ) async throws(RootKeysError) -> IssuedDeviceKey

  /// Derives the keys of many devices into a file that one station opens.
  ///
  /// - Parameter devices: with the random number of each, 32 bytes.
  func file(
    _ devices: [(holder: KeyLadder.Holder, random: [UInt8])], lot: [UInt8], station: [UInt8],
    encryptionKey: SM2.EncryptionKey, validity: Range<UInt64>, for organisation: ID<Organisation>
  ) async throws(RootKeysError) -> IssuedBatchFile

  /// The communication key of one device and epoch.
  func communicationKey(_ ask: CommunicationKeyAsk) async throws(RootKeysError) -> SecretBytes

  /// The SM2 key by which the devices of an organisation know the platform.
  func platformKey(of organisation: ID<Organisation>) async throws(RootKeysError) -> SM2.VerifyingKey

  /// Signs with that key what a session says; r ‖ s.
  func sign(_ statement: [UInt8], for organisation: ID<Organisation>) async throws(RootKeysError) -> [UInt8]
}

/// One device's answer.
package struct IssuedDeviceKey: Sendable, Hashable {
  package let answer: [UInt8]
  package let rootVersion: UInt32
  /// 8 bytes.
  package let checkValue: [UInt8]

  package init(answer: [UInt8], rootVersion: UInt32, checkValue: [UInt8]) {
    self.answer = answer
    self.rootVersion = rootVersion
    self.checkValue = checkValue
  }
}

/// A file for a station.
package struct IssuedBatchFile: Sendable, Hashable {
  package let file: [UInt8]
  package let rootVersion: UInt32
  /// In the order of the devices.
  package let checkValues: [[UInt8]]

  package init(file: [UInt8], rootVersion: UInt32, checkValues: [[UInt8]]) {
    self.file = file
    self.rootVersion = rootVersion
    self.checkValues = checkValues
  }
}

/// Everything a communication key is made of but the secret.
package struct CommunicationKeyAsk: Sendable, Hashable {
  package let organisation: ID<Organisation>
  package let holder: KeyLadder.Holder
  package let random: [UInt8]
  package let rootVersion: UInt32
  package let epoch: KeyEpoch
  package let platformRandom: [UInt8]
  package let deviceRandom: [UInt8]

  package init(
    organisation: ID<Organisation>, holder: KeyLadder.Holder, random: [UInt8], rootVersion: UInt32, epoch: KeyEpoch,
    platformRandom: [UInt8], deviceRandom: [UInt8]
  ) {
    self.organisation = organisation
    self.holder = holder
    self.random = random
    self.rootVersion = rootVersion
    self.epoch = epoch
    self.platformRandom = platformRandom
    self.deviceRandom = deviceRandom
  }
}

/// Why the key service gave nothing.
package enum RootKeysError: Error, Sendable, Hashable {
  /// The key service does not answer; trying again helps.
  case unavailable
  /// It refuses: the root key is not in use, or what was asked is wrong.
  case refused
}

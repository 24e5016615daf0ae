/// Who a device is. The platform believes the certificate, not these words: they must agree with it.
public struct DeviceIdentity: Hashable, Sendable {
  /// The serial, unique in the platform: 1 to 64 characters of `A-Z a-z 0-9 . _ -`. Also the MQTT client id.
  public let name: String
  /// The thing model the device speaks, such as `lock.basic`.
  public let model: String
  /// The version of that thing model.
  public let modelVersion: Int
  /// The firmware's version, as the maker writes it.
  public let firmware: String

  /// - Returns: nil when `name` holds a character or a length that the platform's topics do not take.
  public init?(name: String, model: String, modelVersion: Int, firmware: String) {
    guard Self.isName(name) else { return nil }
    self.name = name
    self.model = model
    self.modelVersion = modelVersion
    self.firmware = firmware
  }

  /// Whether a text can be a device's name.
  public static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

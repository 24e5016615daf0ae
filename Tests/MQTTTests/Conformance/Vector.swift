import Foundation
import Testing

/// One sequence of packets that proves statements of the standard.
///
/// The language is described in conformance/mqtt/README.md.
struct Vector: Sendable {
  var file: String
  var line: Int
  var name: String
  var version: ProtocolVersion
  var statements: [Statement]
  /// Settings of the broker, such as `receive-maximum`.
  var settings: [NamedPacket.Field]
  var steps: [Step]

  /// One line of a vector.
  struct Step: Sendable {
    var line: Int
    var text: String
    /// The connection's letter; empty for steps of no connection.
    var connection: String
    var action: Action
  }

  enum Action: Sendable {
    /// `a open`: connects without sending.
    case open
    /// `a> 30 [ 'a/b' 68 69 ]`
    case sendBytes([ByteTerm])
    /// `a> publish topic=a/b`
    case sendPacket(NamedPacket)
    /// `a< 20 02 00 00`
    case expectBytes([ByteTerm])
    /// `a< connack code=0`; lines of `a<~` that follow each other may come in any order.
    case expectPacket(NamedPacket, anyOrder: Bool)
    /// `a connects id=c keep`: CONNECT and a good CONNACK; `a resumes …` wants the session present.
    case connects(NamedPacket, present: String)
    /// `a subscribes t/#@1`: SUBSCRIBE and a SUBACK granting what was asked.
    case subscribes(NamedPacket)
    /// `a publishes topic=t qos=2`: PUBLISH and all of its handshake.
    case publishes(NamedPacket)
    /// `a receives topic=t qos=2`: an incoming PUBLISH and all of its handshake.
    case receives(NamedPacket)
    /// `a fails 81|82`: in 5.0 DISCONNECT with one of these codes (`-` among them: or none), then the end; in 3.1.1
    /// the end alone.
    case fails([UInt8], orSilently: Bool)
    /// `a refused 86|87`: CONNACK with one of these codes, then the end; `-` among them: or none.
    case refused([UInt8], orSilently: Bool)
    /// `a closed`: nothing but the end of the connection.
    case closed
    /// `a quiet`: proves by PINGREQ and PINGRESP that nothing else is on its way.
    case quiet
    /// `a drop`: the client goes without DISCONNECT; the step ends when the broker has noticed.
    case drop
    /// `advance 15`: the broker's clock moves on by seconds.
    case advance(milliseconds: Int)
    /// `c does publish topic=t`: of a client vector: the program asks the client for something.
    case does(String, [NamedPacket.Field])
    /// `c told completed reason=0`: of a client vector: the client tells its program.
    case told(String, [NamedPacket.Field])
    /// `either a,b receives topic=t`: one of the connections receives it, and no more than one.
    case either([String], NamedPacket)
    /// `distinct %x %y`: values caught before are all different.
    case distinct([String])
  }

  /// A part of a line of bytes.
  indirect enum ByteTerm: Sendable, Equatable {
    case bytes([UInt8])
    /// `[ … ]`: preceded by its length as a variable byte integer.
    case counted([ByteTerm])
    /// `%x`: a number caught before, in two bytes.
    case variable(String)
  }
}

extension Vector: CustomTestStringConvertible {
  var testDescription: String { "\(file) \(version.rawValue): \(name) \(statements.map { "[\($0.id)]" }.joined())" }
}

extension Vector {
  /// The vectors for the broker and those for the client machine.
  enum Library: String { case broker = "Vectors", client = "ClientVectors" }

  /// All vectors of all files of a folder.
  ///
  /// - Throws: the first fault with its file and line.
  static func read(_ library: Library) throws(VectorFault) -> [Vector] {
    guard let folder = Bundle.module.url(forResource: library.rawValue, withExtension: nil),
      let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    else { throw VectorFault("the vector files are missing from the test bundle") }
    var vectors: [Vector] = []
    for file in files.sorted(by: { $0.lastPathComponent < $1.lastPathComponent }) where file.pathExtension == "txt" {
      guard let text = try? String(contentsOf: file, encoding: .utf8) else {
        throw VectorFault("\(file.lastPathComponent) is not readable text")
      }
      var parser = VectorParser(file: file.deletingPathExtension().lastPathComponent)
      vectors += try parser.parse(text)
    }
    return vectors
  }

  /// All vectors of a folder; empty if the files do not parse, which a test of its own reports.
  static func all(_ library: Library) -> [Vector] { (try? read(library)) ?? [] }
}

import Guomi
@testable import KeyService
import TestSupport
import Testing

@Suite("Shares of a secret")
struct ShamirTests {
  static let random = RandomSource(bytes: SharedRandom(seed: 7).bytes)

  @Test("any three of five give it back, two say something else", .clause("9.2.2a"))
  func threeOfFive() throws {
    let secret = try Self.random.secret(32)
    let shares = try Shamir.split(secret, count: 5, threshold: 3, random: Self.random)
    #expect(shares.map(\.number) == [1, 2, 3, 4, 5])
    var sets = 0
    for first in 0..<5 {
      for second in (first + 1)..<5 {
        #expect(Shamir.combine([shares[first], shares[second]]) != secret)
        for third in (second + 1)..<5 {
          sets += 1
          #expect(Shamir.combine([shares[third], shares[first], shares[second]]) == secret)
        }
      }
    }
    #expect(sets == 10)
    #expect(Shamir.combine(shares) == secret)
  }

  @Test("two shares fit every secret, so they say nothing")
  func nothing() throws {
    // For one byte and threshold 2, one share: each secret has exactly one polynomial through it.
    var seen: Set<UInt8> = []
    for slope in UInt8.min ... .max { seen.insert(0x5a ^ Shamir.multiply(slope, 3)) }
    #expect(seen.count == 256)
  }

  @Test("the same share twice, other lengths and number 0 are refused")
  func refused() throws {
    let secret = try Self.random.secret(32)
    let shares = try Shamir.split(secret, count: 3, threshold: 2, random: Self.random)
    #expect(Shamir.combine([]) == nil)
    #expect(Shamir.combine([shares[0], shares[0]]) == nil)
    #expect(Shamir.combine([shares[0], Shamir.Share(number: 0, bytes: shares[1].bytes)]) == nil)
    #expect(Shamir.combine([shares[0], Shamir.Share(number: 2, bytes: secret.part(0..<31))]) == nil)
  }

  @Test("the field is that of AES: products and inverses", arguments: [(0x57, 0x83, 0xc1), (0x57, 0x13, 0xfe)])
  func field(_ left: UInt8, _ right: UInt8, _ product: UInt8) {
    // FIPS 197, section 4.2.
    #expect(Shamir.multiply(left, right) == product)
    for value in UInt8(1) ... .max { #expect(Shamir.multiply(value, Shamir.inverse(value)) == 1) }
    #expect(Shamir.inverse(0) == 0)
  }

  @Test("printed and typed again it is the same; a typing error is found")
  func text() throws {
    let share = try Shamir.split(try Self.random.secret(32), count: 3, threshold: 2, random: Self.random)[1]
    let text = share.text
    #expect(Shamir.Share(text: text) == share)
    #expect(Shamir.Share(text: " " + text.uppercased().replacing("-", with: " ") + "\n") == share)
    for index in text.indices where text[index] != "-" {
      var wrong = text
      wrong.replaceSubrange(index...index, with: text[index] == "0" ? "1" : "0")
      #expect(Shamir.Share(text: wrong) == nil)
    }
    #expect(Shamir.Share(text: "") == nil)
    #expect(Shamir.Share(text: String(text.dropLast(5))) == nil)
  }
}

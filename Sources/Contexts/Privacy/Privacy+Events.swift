package import Kernel

/// Consent for a purpose was given or withdrawn: whoever pursues it goes by this from now on.
package struct ConsentChanged: JournalEvent {
  package static let kind = "privacy.consentChanged"
  package let person: ID<DataSubject>
  package let purpose: String
  package let isGranted: Bool
  /// Of the text agreed to, or of the withdrawn one.
  package let version: Int
  package var subject: String { person.description }
}

/// A request of a person moved on.
package struct PrivacyRequestChanged: JournalEvent {
  package static let kind = "privacy.requestChanged"
  package let request: ID<PrivacyRequest>
  package let person: ID<DataSubject>
  package let asks: PrivacyRequest.Kind
  package let state: PrivacyRequest.State
  package var subject: String { request.description }

  init(_ request: PrivacyRequest) {
    self.request = request.id
    person = request.subject.id
    asks = request.kind
    state = request.state
  }
}

/// The next step of an erasure is due: each one is a transaction of its own, and records the one after it.
struct ErasureDue: JournalEvent {
  static let kind = "privacy.erasureDue"
  let request: ID<PrivacyRequest>
  var subject: String { request.description }
}

/// Everything about a person was erased: whoever keeps copies in memory or elsewhere forgets them now.
package struct PersonErased: JournalEvent {
  package static let kind = "privacy.personErased"
  package let person: ID<DataSubject>
  package var subject: String { person.description }
}

/// Nothing may be done with a person's data but to keep it; or that ended.
package struct RestrictionChanged: JournalEvent {
  package static let kind = "privacy.restrictionChanged"
  package let person: ID<DataSubject>
  package let isRestricted: Bool
  package var subject: String { person.description }
}

/// A legal hold was placed on a person's data or released.
package struct HoldChanged: JournalEvent {
  package static let kind = "privacy.holdChanged"
  package let person: ID<DataSubject>
  package let hold: ID<LegalHold>
  package let stands: Bool
  package var subject: String { person.description }
}

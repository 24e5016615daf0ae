package import Kernel

/// Which requests, newest first.
package struct PrivacyRequestQuery: Sendable {
  package var subject: ID<DataSubject>?
  package var kinds: Set<PrivacyRequest.Kind>
  package var states: Set<PrivacyRequest.State>
  /// Only those past their deadline.
  package var isLate: Bool
  package var page: PageRequest

  package init(
    subject: ID<DataSubject>? = nil, kinds: Set<PrivacyRequest.Kind> = [], states: Set<PrivacyRequest.State> = [],
    isLate: Bool = false, page: PageRequest = PageRequest()
  ) {
    self.subject = subject
    self.kinds = kinds
    self.states = states
    self.isLate = isLate
    self.page = page
  }
}

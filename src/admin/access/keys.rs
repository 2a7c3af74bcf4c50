use crate::state::{Role, Token};

/// The tokens that count now.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) viewer: Option<Token>,
    pub(super) operator: Option<Token>,
}

impl Keys {
    /// What somebody may do who shows this. All tokens are compared, whichever it is.
    pub(super) fn role_of(&self, shown: &[u8]) -> Option<Role> {
        let is = |token: &Option<Token>| token.as_ref().is_some_and(|token| token.is(shown));
        let (viewer, operator) = (is(&self.viewer), is(&self.operator));
        match (viewer, operator) {
            (_, true) => Some(Role::Operator),
            (true, false) => Some(Role::Viewer),
            (false, false) => None,
        }
    }

    pub(super) fn of_mut(&mut self, role: Role) -> &mut Option<Token> {
        match role {
            Role::Viewer => &mut self.viewer,
            Role::Operator => &mut self.operator,
        }
    }
}

use super::{Place, Role, Secret};

/// What the two processes say to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// The successor speaks this protocol.
    Hello,
    /// A socket, which comes along.
    Socket(Place),
    /// A ticket key, the newest first.
    Key(Secret),
    /// There is nothing more to hand over.
    End,
    /// The successor serves.
    Ready,
    /// The predecessor serves nobody new.
    Leaving,
}

impl Message {
    /// As it goes over the wire: a word, and what belongs to it.
    pub(super) fn encode(&self) -> Secret {
        let text = match self {
            Self::Hello => HELLO.to_owned(),
            Self::Socket(Place { role, group, at }) => {
                format!("{SOCKET}{} {group} {at}", role.word())
            }
            Self::Key(secret) => return [KEY.as_bytes(), secret].concat().into(),
            Self::End => END.to_owned(),
            Self::Ready => READY.to_owned(),
            Self::Leaving => LEAVING.to_owned(),
        };
        text.into_bytes().into()
    }

    /// None for what another version may say.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        if let Some(secret) = bytes.strip_prefix(KEY.as_bytes()) {
            return Some(Self::Key(secret.to_vec().into()));
        }
        let text = str::from_utf8(bytes).ok()?;
        Some(match text {
            HELLO => Self::Hello,
            END => Self::End,
            READY => Self::Ready,
            LEAVING => Self::Leaving,
            text => Self::Socket(place(text.strip_prefix(SOCKET)?)?),
        })
    }
}

fn place(text: &str) -> Option<Place> {
    let mut words = text.splitn(3, ' ');
    let word = words.next()?;
    Some(Place {
        role: Role::ALL.into_iter().find(|role| role.word() == word)?,
        group: words.next()?.parse().ok()?,
        at: words.next()?.to_owned(),
    })
}

/// With the version of the protocol: who speaks another is not answered.
const HELLO: &str = "lockgate handover 1";
const SOCKET: &str = "socket ";
const KEY: &str = "key ";
const END: &str = "end";
const READY: &str = "ready";
const LEAVING: &str = "leaving";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let place = |role, at: &str| Place {
            role,
            group: 7,
            at: at.to_owned(),
        };
        let messages = [
            Message::Hello,
            Message::Socket(place(Role::Https, "[::]:443")),
            Message::Socket(place(Role::Tcp, "0.0.0.0:1936")),
            Message::Socket(place(Role::Admin, "unix:/run/a b.sock")),
            Message::Key(vec![0, 255, 32].into()),
            Message::End,
            Message::Ready,
            Message::Leaving,
        ];
        for message in messages {
            assert_eq!(Message::decode(&message.encode()), Some(message));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Message::decode(&bytes);
            let socket = [SOCKET.as_bytes(), &bytes].concat();
            let _ = Message::decode(&socket);
        }
    }
}

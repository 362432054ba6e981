"""A replay buffer for Stable-Baselines3: `DQN('MlpPolicy', env, replay_buffer_class=ReplayBuffer)`,
of `gyre.sb3`. Rows lie in gyre's buffer; it needs numpy, and where torch is there sample() gives
tensors, else numpy's arrays."""
from __future__ import annotations

import importlib
import importlib.util
from typing import Any, NamedTuple, Sequence

import numpy as np

from ._learn import Replay

_torch: Any = importlib.import_module('torch') if importlib.util.find_spec('torch') else None


class Samples(NamedTuple):
    """As ReplayBufferSamples of Stable-Baselines3."""
    observations: Any
    actions: Any
    next_observations: Any
    dones: Any
    rewards: Any
    discounts: Any = None


def _shape(space: Any) -> tuple[int, ...]:
    """Of one observation in a space of gymnasium."""
    if hasattr(space, 'spaces'):
        raise NotImplementedError('observations that are a Dict or Tuple of spaces')
    if hasattr(space, 'nvec'):
        return (len(space.nvec),)
    return tuple(space.shape) or (1,)  # Discrete: one number


def _kind(space: Any) -> Any:
    """The numbers of a space as they are kept: what is float64 is float32, as there."""
    return np.float32 if space.dtype == np.float64 else space.dtype


class ReplayBuffer:
    """Transitions of `n_envs` environments that step together; drawn uniformly, with replacement.

    buffer_size: transitions at most, of all environments; the oldest make room. `done` of an
    episode that was cut off by its time limit does not end what follows, where
    handle_timeout_termination is True. Further settings: `seed`, of the draws.
    """

    def __init__(self, buffer_size: int, observation_space: Any, action_space: Any,
                 device: Any = 'auto', n_envs: int = 1, optimize_memory_usage: bool = False,
                 handle_timeout_termination: bool = True, seed: int = 0) -> None:
        if optimize_memory_usage:
            raise ValueError('optimize_memory_usage is for the buffer of Stable-Baselines3: each '
                             'row here has its next observation')
        self.buffer_size = max(buffer_size // n_envs, 1)
        self.observation_space, self.action_space = observation_space, action_space
        self.obs_shape = _shape(observation_space)
        self.action_dim = int(np.prod(_shape(action_space)))
        self.n_envs, self.handle_timeout_termination = n_envs, handle_timeout_termination
        self.device = device
        if device == 'auto' and _torch is not None:
            self.device = _torch.device('cuda' if _torch.cuda.is_available() else 'cpu')
        self._seed = seed
        seen = (_kind(observation_space), self.obs_shape)
        self._row = np.dtype([('obs', *seen), ('next_obs', *seen),
                              ('action', _kind(action_space), (self.action_dim,)),
                              ('reward', np.float32), ('done', np.float32), ('cut', np.float32)])
        self.reset()

    def reset(self) -> None:
        """Forgets all of it."""
        self.pos, self.full = 0, False
        self._rows = Replay(self._row, capacity=self.buffer_size * self.n_envs, seed=self._seed)

    def size(self) -> int:
        """Steps that are kept, each of all environments."""
        return self.buffer_size if self.full else self.pos

    def add(self, obs: Any, next_obs: Any, action: Any, reward: Any, done: Any,
            infos: Sequence[dict[str, Any]]) -> None:
        """Appends one step, an element of each for each environment."""
        rows = np.empty(self.n_envs, self._row)
        shape = (self.n_envs, *self.obs_shape)
        rows['obs'] = np.asarray(obs).reshape(shape)
        rows['next_obs'] = np.asarray(next_obs).reshape(shape)
        rows['action'] = np.asarray(action).reshape(self.n_envs, self.action_dim)
        rows['reward'], rows['done'] = reward, done
        rows['cut'] = [self.handle_timeout_termination and
                       bool(info.get('TimeLimit.truncated', False)) for info in infos]
        self._rows.push(rows)
        self.pos += 1
        if self.pos == self.buffer_size:
            self.pos, self.full = 0, True

    def extend(self, *steps: Any) -> None:
        """add() of each: obs, next_obs, action, reward, done, infos as sequences."""
        for step in zip(*steps):
            self.add(*step)

    def sample(self, batch_size: int, env: Any = None) -> Any:
        """Draws transitions; `env`, a VecNormalize, has its observations and rewards normalised."""
        rows = self._rows.sample(batch_size, replace=True)
        obs, following, reward = rows['obs'], rows['next_obs'], rows['reward'].reshape(-1, 1)
        if env is not None:
            obs, following = env.normalize_obs(obs), env.normalize_obs(following)
            reward = env.normalize_reward(reward).astype(np.float32)
        over = (rows['done'] * (1 - rows['cut'])).reshape(-1, 1)
        return Samples(*map(self.to_torch, (obs, rows['action'], following, over, reward)))

    def to_torch(self, array: Any, copy: bool = True) -> Any:
        """A tensor on the buffer's device; without torch the array."""
        array = np.ascontiguousarray(array)
        if _torch is None:
            return array
        make = _torch.tensor if copy else _torch.as_tensor
        return make(array, device=self.device)

    def __getstate__(self) -> Any:
        raise TypeError('this buffer is not pickled, and so not saved by save_replay_buffer()')

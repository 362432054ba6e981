#!/usr/bin/env python3
"""Prints how long Stable-Baselines3's DQN takes for 50,000 steps of CartPole-v1, with the options
that RL-Zoo has for it, on one core, and what its greedy policy earns then; ends with 1 where it is
not installed. One seed.

Usage: dqn_sb3.py
"""
import json
import sys
import time

try:
    import gymnasium
    import stable_baselines3
    import torch
    from stable_baselines3.common.evaluation import evaluate_policy
except ImportError:
    sys.exit(1)

torch.set_num_threads(1)
model = stable_baselines3.DQN(
    'MlpPolicy', gymnasium.make('CartPole-v1'), learning_rate=2.3e-3, batch_size=64,
    buffer_size=100_000, learning_starts=1000, gamma=.99, target_update_interval=10,
    train_freq=256, gradient_steps=128, exploration_fraction=.16, exploration_final_eps=.04,
    policy_kwargs={'net_arch': [256, 256]}, seed=1, device='cpu')
before = time.process_time()
model.learn(50_000)
seconds = time.process_time() - before
earned, _ = evaluate_policy(model, gymnasium.make('CartPole-v1'), n_eval_episodes=20)
print(json.dumps({'cpu_s': round(seconds, 2), 'return': float(earned)}))
